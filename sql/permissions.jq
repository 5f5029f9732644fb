# Folds the permissions that handlers ask for into the table permissions: exactly these, a new one with its built-in holders.
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
  ")",
  "-- holders: 0 administrator alone, 1 manager too, 2 everybody. Only a new permission is handed out: what an",
  "-- administrator took from a role stays taken.",
  "insert into role_permissions (role_id, code)",
  "select r.id, a.code from added join asked a using (code) join roles r on r.built_in",
  " where r.name = 'administrator' or (r.name = 'manager' and a.holders >= 1) or (r.name = 'employee' and a.holders = 2);"
