# Generates the SQL that stores exactly the permissions that the handlers require. It grants a new permission to the
# built-in roles that hold it, and creates built-in roles that are missing.
# usage: jq -rsf permissions.jq *.json

def text: "'" + gsub("'"; "''") + "'";
[ .[].endpoints[].permissions[] ] | unique_by(.code)
| "-- Stores exactly the permissions that the handlers of this release require.",
  "with wanted (code, description, holders) as (",
  "    values " + (map("(\(.code | text), \(.description | text), \(.holders))") | join(",\n           ")),
  "), gone as (",
  "    delete from permissions p where not exists (select from wanted w where w.code = p.code)",
  "), known as (",
  "    update permissions p set description = w.description from wanted w where w.code = p.code and w.description <> p.description",
  "), added as (",
  "    insert into permissions (code, description) select code, description from wanted on conflict do nothing",
  "    returning code",
  "), reworded as (",
  "    -- the words of 1.0.0, where no one has changed them",
  "    update roles set description = now.description",
  "      from (values ('Everybody: works on tasks and records what was done.', 'Works on tasks and records what was done.'),",
  "                   ('May do everything.', 'Has every permission.')) now (former, description)",
  "     where built_in and roles.description = now.former",
  "), made as (",
  "    insert into roles (name, description, built_in) values",
  "        ('employee',      'Works on tasks and records what was done.', true),",
  "        ('manager',       'Assigns and oversees the work of others.', true),",
  "        ('administrator', 'Has every permission.',                     true)",
  "    on conflict do nothing",
  "    returning id, name",
  "), granted (role_id, name, code, holders) as (",
  "    select r.id, r.name, w.code, w.holders from added join wanted w using (code) join roles r on r.built_in",
  "    union all",
  "    select made.id, made.name, w.code, w.holders from made cross join wanted w",
  ")",
  "-- holders: 0 means administrator only, 1 also manager, 2 also employee. Only new permissions are granted, and all to a",
  "-- new role: a permission that an administrator has revoked from a role stays revoked.",
  "insert into role_permissions (role_id, code)",
  "select role_id, code from granted",
  " where name = 'administrator' or (name = 'manager' and holders >= 1) or (name = 'employee' and holders = 2);"
