# Folds the permissions that handlers ask for into the table permissions: exactly these, a new one with its
# built-in holders. A built-in role that is missing is made.
# usage: jq -rsf permissions.jq *.json

def text: "'" + gsub("'"; "''") + "'";
[ .[].endpoints[].permissions[] ] | unique_by(.code)
| "-- Exactly the permissions that the handlers of this release ask for.",
  "with asked (code, description, holders) as (",
  "    values " + (map("(\(.code | text), \(.description | text), \(.holders))") | join(",\n           ")),
  "), gone as (",
  "    delete from permissions p where not exists (select from asked a where a.code = p.code)",
  "), known as (",
  "    update permissions p set description = a.description from asked a where a.code = p.code and a.description <> p.description",
  "), added as (",
  "    insert into permissions (code, description) select code, description from asked on conflict do nothing",
  "    returning code",
  "), made as (",
  "    insert into roles (name, description, built_in) values",
  "        ('employee',      'Everybody: works on tasks and records what was done.', true),",
  "        ('manager',       'Assigns and oversees the work of others.',             true),",
  "        ('administrator', 'May do everything.',                                   true)",
  "    on conflict do nothing",
  "    returning id, name",
  "), handed (role_id, name, code, holders) as (",
  "    select r.id, r.name, a.code, a.holders from added join asked a using (code) join roles r on r.built_in",
  "    union all",
  "    select made.id, made.name, a.code, a.holders from made cross join asked a",
  ")",
  "-- holders: 0 administrator alone, 1 manager too, 2 everybody. Only a new permission, or a new role's, is handed out: what",
  "-- an administrator took from a role stays taken.",
  "insert into role_permissions (role_id, code)",
  "select role_id, code from handed",
  " where name = 'administrator' or (name = 'manager' and holders >= 1) or (name = 'employee' and holders = 2);"
