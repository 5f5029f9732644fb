-- Views that several statements use.

-- The permissions that each user has through roles. A superuser has all permissions, even those that are not listed here.
create or replace view user_permissions as
    select distinct ur.user_id, rp.code from user_roles ur join role_permissions rp using (role_id);

-- The algorithm, parameters and salt of each password hash, without the hash. A handler that checks the password of a
-- logged-in user computes a hash with these values and passes it to is_password_hash().
create or replace view password_salts as
    select user_id, substring(password_hash from '^(.*)[$][^$]*$') as salt from credentials;

-- The messages of each user, with the state of the user's own copy: sent or received, and when it was read.
create or replace view mailbox as
    select c.message as id, c.holder, c.sender, m.subject, m.body, m.task, c.sent_at, c.is_sent, c.is_received, c.read_at, c.version
      -- the message is locked before its copies, in the same order as in a deletion
      from messages m join message_copies c on c.message = m.id
     where not c.is_deleted;

-- Sessions and personal access tokens without their refresh tokens, for handlers that list, create and end them.
create or replace view session_rows as
    select id, user_id, kind, key, codes, name, user_agent, ip, created_at, last_used_at, expires_at, ended_at, ended_as, version
      from sessions;
