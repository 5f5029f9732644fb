-- Functions that create an account, for registration and for `fettle superuser`: the user, the password and the role
-- employee.

-- Creates an account and returns its row. The account is a superuser if it is the first one, or if `superuser` is true. If
-- the role employee does not exist, the account gets no role.
-- Errors: the unique constraints username_taken and email_taken, and one_first_user if two first accounts are created at the
-- same time. In that case, the statement can be repeated; it then sees the other account.
-- Only the owner may execute it, because it can create superusers.
create or replace function make_account(username text, email text, first_name text, last_name text, password_hash text,
                                        superuser boolean) returns users
language sql as $$
    with first as (
        select not exists (select from users) as is_first
    ), made as (
        insert into users (username, email, first_name, last_name, is_first, is_superuser)
        select make_account.username, make_account.email, make_account.first_name, make_account.last_name,
               first.is_first, first.is_first or superuser
          from first
        returning *
    ), secret as (
        insert into credentials (user_id, password_hash)
        select made.id, make_account.password_hash from made
    ), employed as (
        insert into user_roles (user_id, role_id)
        select made.id, r.id from made join roles r on r.name = 'employee'
    )
    select * from made
$$;
revoke execute on function make_account(text, text, text, text, text, boolean) from public;

-- Creates the account of a person who registers from this IP address, and returns its row. Errors are those of
-- make_account(). It calls set_caller() itself, because triggers write the audit trail before the function returns.
-- security definer, so that the role that may execute it (sql/grants.sql) needs no privileges on any table. It can create
-- only employees, and the first superuser in an empty database.
create or replace function register_account(username text, email text, first_name text, last_name text, password_hash text,
                                            ip text) returns users
language sql security definer set search_path = public, pg_temp as $$
    select set_caller(null, null, ip);
    select * from make_account(username, email, first_name, last_name, password_hash, false)
$$;
revoke execute on function register_account(text, text, text, text, text, text) from public;
