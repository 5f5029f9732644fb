# Folds every statement that handlers may send into the table that needed.sql works on: a group for each handler.
# usage: jq -rsf statements.jq *.json

def text: "'" + gsub("'"; "''") + "'";
"create temporary table asked (grp text, text text, parameters integer);",
(sort_by(.handler)[]
 | .handler as $handler
 | [.endpoints[].statements[]] | unique | (if . == [] then [null] else . end)[]
 | "insert into asked values (\($handler | text), \(if . then (.text | text) + ", \(.parameters | length)" else "null, 0" end));")
