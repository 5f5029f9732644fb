-- Exactly the permissions that the handlers of this release ask for.
with asked (code, description, holders) as (
    values ('tasks.assign', 'Give a task to another user.', 1),
           ('tasks.create', 'Create tasks.', 2),
           ('tasks.delete_all', 'Delete the tasks of everybody.', 0),
           ('tasks.edit_all', 'Change the tasks of everybody.', 1),
           ('tasks.view_all', 'See the tasks of everybody.', 1),
           ('users.view_private', 'See the private members of others: email, state of the account, last login.', 1),
           ('work_orders.create', 'Create work orders: tasks for an item of equipment.', 1)
), gone as (
    delete from permissions p where not exists (select from asked a where a.code = p.code)
), known as (
    update permissions p set description = a.description from asked a where a.code = p.code and a.description <> p.description
), added as (
    insert into permissions (code, description) select code, description from asked on conflict do nothing
    returning code
)
-- holders: 0 administrator alone, 1 manager too, 2 everybody. Only a new permission is handed out: what an
-- administrator took from a role stays taken.
insert into role_permissions (role_id, code)
select r.id, a.code from added join asked a using (code) join roles r on r.built_in
 where r.name = 'administrator' or (r.name = 'manager' and a.holders >= 1) or (r.name = 'employee' and a.holders = 2);
