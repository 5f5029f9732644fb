-- Views that statements read instead of repeating themselves.

-- What each user's roles allow. A superuser may everything, whatever stands here.
create or replace view user_permissions as
    select distinct ur.user_id, rp.code from user_roles ur join role_permissions rp using (role_id);

-- What a password is hashed with, without the hash. Whoever asks for the password of somebody who is logged in computes the
-- hash anew and shows it to is_password_hash().
create or replace view password_salts as
    select user_id, substring(password_hash from '^(.*)[$][^$]*$') as salt from credentials;

-- The messages that each person has, with what is theirs of them: whether they sent or received it, and when they read it.
create or replace view mailbox as
    select c.message as id, c.holder, c.sender, m.subject, m.body, m.task, c.sent_at, c.is_sent, c.is_received, c.read_at, c.version
      -- in this order the two are locked: a deletion, too, has the message before its copies
      from messages m join message_copies c on c.message = m.id
     where not c.is_deleted;

-- Sessions and personal access tokens without what refreshes them, for whoever lists, makes and ends them.
create or replace view session_rows as
    select id, user_id, kind, key, codes, name, user_agent, ip, created_at, last_used_at, expires_at, ended_at, ended_as, version
      from sessions;
