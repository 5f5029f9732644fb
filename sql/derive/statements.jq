# Generates the SQL that fills the table `asked` of needed.sql with the statements of all handlers, one group per handler.
# usage: jq -rsf statements.jq *.json

def text: "'" + gsub("'"; "''") + "'";
"create temporary table asked (grp text, text text, parameters integer);",
(sort_by(.handler)[]
 | .handler as $handler
 | [.endpoints[].statements[]] | unique | (if . == [] then [null] else . end)[]
 | "insert into asked values (\($handler | text), \(if . then (.text | text) + ", \(.parameters | length)" else "null, 0" end));")
