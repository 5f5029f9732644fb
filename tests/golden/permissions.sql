-- Stores exactly the permissions that the handlers of this release require.
with wanted (code, description, holders) as (
    values ('audit.view', 'Read the audit trail.', 0),
           ('documents.create', 'Upload documents.', 2),
           ('documents.view_all', 'See the documents of all users.', 0),
           ('equipment.edit', 'Create, change and delete equipment, and delete meter readings.', 0),
           ('maintenance.create', 'Claim work orders, and record maintenance and meter readings.', 2),
           ('maintenance.edit_all', 'Change and delete the maintenance records of all users.', 1),
           ('messages.send', 'Send messages.', 2),
           ('reports.create', 'Create reports.', 2),
           ('reports.view_all', 'See the reports of all users, and the statistics.', 1),
           ('roles.assign', 'See and change the roles of users.', 0),
           ('roles.edit', 'Create, change and delete roles.', 0),
           ('roles.view', 'See roles and permissions.', 1),
           ('schedules.edit', 'See, create, change and delete schedules of preventive maintenance.', 1),
           ('tasks.assign', 'Assign tasks to other users.', 1),
           ('tasks.create', 'Create tasks.', 2),
           ('tasks.delete_all', 'Delete the tasks of all users.', 0),
           ('tasks.edit_all', 'Change the tasks of all users.', 1),
           ('tasks.view_all', 'See the tasks of all users.', 1),
           ('users.delete', 'Deactivate accounts.', 0),
           ('users.edit', 'Change the accounts and profiles of other users.', 0),
           ('users.view_private', 'See the private fields of other users: email, state of the account, registration and last login.', 1),
           ('work_orders.create', 'Create work orders: tasks for an item of equipment.', 1)
), gone as (
    delete from permissions p where not exists (select from wanted w where w.code = p.code)
), known as (
    update permissions p set description = w.description from wanted w where w.code = p.code and w.description <> p.description
), added as (
    insert into permissions (code, description) select code, description from wanted on conflict do nothing
    returning code
), reworded as (
    -- the words of 1.0.0, where no one has changed them
    update roles set description = now.description
      from (values ('Everybody: works on tasks and records what was done.', 'Works on tasks and records what was done.'),
                   ('May do everything.', 'Has every permission.')) now (former, description)
     where built_in and roles.description = now.former
), made as (
    insert into roles (name, description, built_in) values
        ('employee',      'Works on tasks and records what was done.', true),
        ('manager',       'Assigns and oversees the work of others.', true),
        ('administrator', 'Has every permission.',                     true)
    on conflict do nothing
    returning id, name
), granted (role_id, name, code, holders) as (
    select r.id, r.name, w.code, w.holders from added join wanted w using (code) join roles r on r.built_in
    union all
    select made.id, made.name, w.code, w.holders from made cross join wanted w
)
-- holders: 0 means administrator only, 1 also manager, 2 also employee. Only new permissions are granted, and all to a
-- new role: a permission that an administrator has revoked from a role stays revoked.
insert into role_permissions (role_id, code)
select role_id, code from granted
 where name = 'administrator' or (name = 'manager' and holders >= 1) or (name = 'employee' and holders = 2);
