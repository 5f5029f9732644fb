# Generates the OpenAPI 3.1 document from the descriptions of the handlers (--describe), the sentences of nginx's own
# errors, the constraints of the tables and the examples that the tests have recorded.
# usage: jq -sf openapi.jq --rawfile nginx http.conf --arg tables "$(cat *.sql)" --slurpfile examples examples.json *.json

def filled($more): gsub("\\{\\}"; $more);
def sentence: if test("[.…]$") then . else . + "." end;
def wide: map(select(. != null));
def ref($kind; $name): {"$ref": "#/components/\($kind)/\($name)"};
def json_of($schema): {"application/json": {schema: $schema}};

# -- sources other than the handlers

# nginx: status '"title":"…","code":"…","detail":"…"';
def of_nginx: [$nginx | scan("\n    ([0-9]{3}) '(\"title\".*)';") |
               (.[1] | "{\(.)}" | fromjson) + {status: .[0] | tonumber} |
               {status: (if .status == 494 then 400 else .status end), title, code, detail}];
# nginx can answer any request with these; the others need requests that no HTTP client sends
def on_the_way: [400, 413, 414, 500, 502, 503, 504];
def of_files: [412, 416];

# tables: each statement with the table that it is about
def statements: $tables | gsub("--[^\n]*"; "") | split(";")[] |
    {text: ., table: (capture("(create table|alter table|create unique index +\\w+ +on) +(?<name>\\w+)").name)};
def unique_names: [statements | .table as $table | .text |
    (scan("constraint (\\w+) unique"), scan("create unique index +(\\w+)")) | {table: $table, name: .[0]}];
# tables whose rows can be referred to by rows that are not deleted with them
def pointed_to: [statements | .text | capture("constraint no_such_\\w+ references (?<table>\\w+)(?<then> on delete)?"; "g") |
                 select(.then == null) | .table] | unique;

# -- names

# /api/v1/tasks/{task_id}/history becomes task_history. A method on one object of a collection has the singular:
# /api/v1/tasks/{task_id} becomes task.
def words: ltrimstr("/api/v1") | [scan("/([^/]+)")[0]] |
    reduce .[] as $part ([]; if $part | test("^\\{.*_id\\}$") then .[:-1] + [$part[1:-4]] elif $part | test("^\\{") then . else . + [$part] end);
def operation_id($method; $paths): .path as $path |
    ([$paths[] | select(startswith($path + "/{") and endswith("_id}") and (ltrimstr($path + "/") | contains("/") | not))][0]) as $one |
    if .list then ["list", ($path | words[])]
    elif .success[$method] == 201 and $one then ["create", ($one | words[])]
    else [($method | ascii_downcase), ($path | words[])] end | join("_");

# one name for one schema: if two handlers use a name for different schemas, each name is prefixed with its handler
def capitalized: [splits("_")] | map(.[:1] | ascii_upcase) as $first | [., $first] | transpose | map(.[1] + .[0][1:]) | join("");
def named: [.[] | .handler as $handler | .endpoints[] |
            (select(.answer) | {name: .answer_name, schema: .answer, $handler}),
            (select(.body) | {name: (.body_name + "Input"), schema: .body, $handler},
                             (select(.patch != .body and (.methods | index("PATCH"))) | {name: (.body_name + "Patch"), schema: .patch, $handler}))] |
    group_by(.name) | map((map(.schema) | unique | length) as $many |
        .[] | {key: "\(.handler) \(.name)", value: {name: (if $many > 1 then "\(.handler | capitalized)\(.name)" else .name end), schema}}) |
    from_entries;

# the aliases that a choice accepts as input
def readable: walk(if type == "object" and has("x-also") then
    .description = "Also accepted: " + (."x-also" | to_entries | map("`\(.key)` for `\(.value)`") | join(", ")) + "." | del(."x-also") else . end);
# an amount is returned as a string, so that no client rounds it; as input, a number is accepted too
def taken: walk(if type == "object" and .format? == "decimal" then .type |= ([.] | flatten | .[:1] + ["number"] + .[1:]) else . end);
def plain: del(."x-also") | if (.type | type) == "array" then .type |= (map(select(. != "null")) | first) | if .enum then .enum -= [null] else . end else . end;

# -- parameters

def of_path: [.path | scan("\\{(\\w+)\\}")[0] |
    {name: ., in: "path", required: true,
     schema: (if endswith("_id") then {type: "integer", format: "int64", minimum: 1} else {type: "string"} end)}];

def of_filters: .answer.properties as $members | [(.filters[] | select(. == "search") |
        {name: ., in: "query", description: "Rows whose texts have all of these words, in any order, ignoring case and accents. A word of two characters is found at the beginning of a word, a longer one at any place. At most 16 words, at least one of two characters.",
         schema: {type: "string", minLength: 2, maxLength: 256}}),
    (.filtered[] | . as $filter | ($members[.name] | plain | del(.default)) as $schema |
     ($schema | if .enum then .enum += ($filter.groups | keys_unsorted) else . end) as $choice |
     (if .groups == {} then "" else " " + (.groups | to_entries | map("`\(.key)` means \(.value | gsub(","; " and "))") | join("; ")) + "." end) as $groups |
     {name, in: "query", description: ((if .finds_parts then "Contains this text, ignoring case." else "Equals this value." end) + $groups),
      schema: (if .finds_parts then {type: "string", minLength: 3, maxLength: 256} else $choice end)},
     (.ways[] | {name: "\($filter.name)__\(.)", in: "query"} +
        if . == "in" then {description: ("Is one of these values." + $groups), style: "form", explode: false, schema: {type: "array", items: $choice, maxItems: 1000}}
        elif . == "isnull" then {description: "`true`: is null. `false`: is not null.", schema: {type: "boolean"}}
        elif . == "gte" then {description: "Is greater than or equal to this value.", $schema}
        else {description: "Is less than or equal to this value.", $schema} end))];

# filters that are not fields of the rows
def of_choices: [.choices | to_entries[] | {name: .key, in: "query", description: "Restricts the list to matching rows.", schema: {type: "string", enum: .value}}];

def of_list: of_filters + of_choices + [
    {name: "ordering", in: "query", description: "The fields to order by. A `-` before a field means descending order. Null values come last.", style: "form", explode: false,
     schema: {type: "array", items: {type: "string", enum: [.ordering[] | ., "-" + .]}, default: (.order | split(","))}},
    ref("parameters"; "PageSize"), ref("parameters"; "Cursor"), ref("parameters"; "Count")];

# if the file is the whole body, the other fields of the form are query parameters
def of_upload: [select(.upload) | .body.properties | to_entries[] | select(.value.format != "binary") |
    {name: .key, in: "query", description: "The field of that name, where the body is not a form but the file itself.", schema: (.value | plain | del(.default))}];

# the parameters of a signed URL are part of the URL that an object contains
def of_signed: [select(.sends_file) | ("type", "expires", "signature") | {name: ., in: "query", required: true, description: "Part of the signed URL.", schema: {type: "string"}}];

def parameters($method): of_path + of_upload + of_signed + (if .list then of_list else [] end) + [
    (select(.idempotency_key and $method == "POST") | ref("parameters"; "IdempotencyKey")),
    (select(.if_match) | ref("parameters"; "IfMatch")),
    (select(.etag and $method == "GET") | ref("parameters"; "IfNoneMatch"))];

# -- bodies

def bytes: {schema: {type: "string", format: "binary"}};
def body($method; $names): select(.body) |
    (if $method == "PATCH" and .patch != .body then .body_name + "Patch" else .body_name + "Input" end) as $name |
    ref("schemas"; $names[$name].name) as $schema |
    (if $method == "PATCH" then .patch else .body end) as $whole |
    {required: ($whole.required != null),
     content: (if .upload then {} else json_of($schema) + {"application/x-www-form-urlencoded": {$schema}} end
               + {"multipart/form-data": {$schema}}
               + if .upload then {"application/octet-stream": bytes} else {} end)};

# -- responses

def of_file: {ETag: ref("headers"; "FileETag")};

def success($method; $names): (if .sends_file then 200 else .success[$method] end) as $status | {key: ($status | tostring), value: (
    {description: (if $status == 204 then "Success, without content." elif $status == 201 then "Created." elif .list then "One page of the list, or all rows as text/csv." else "Success." end),
     headers: ({} + if .etag then {ETag: ref("headers"; "ETag")} elif .sends_file then of_file else {} end
                  + if $status == 201 and .location then {Location: ref("headers"; "Location")} else {} end
                  + if .idempotency_key and $method == "POST" then {"Idempotency-Replayed": ref("headers"; "Idempotency-Replayed")} else {} end)}
    + if .sends_file then {content: {"*/*": bytes}}
      elif .answer and $status != 204 then {content: (
        json_of(ref("schemas"; $names[.answer_name].name + if .list then "Page" else "" end)) + if .csv then {"text/csv": {schema: {type: "string"}}} else {} end)}
      else {} end | if .headers == {} then del(.headers) else . end)};

def not_modified($method): select(.etag and $method == "GET") |
    {key: "304", value: {description: "Not modified: If-None-Match contains the current ETag.", headers: {ETag: ref("headers"; "ETag")}}};

# nginx sends the file: all of it, the requested range, or nothing if the caller has it already
def of_ranges: select(.sends_file) | {key: "206", value: {description: "The requested range of the file.", headers: of_file, content: {"*/*": bytes}}},
    {key: "304", value: {description: "Not modified: the caller already has this file.", headers: of_file}};

# errors of this operation: of the library and the rules, of constraints of the tables, and of nginx
def refusals($method; $constraints): .table as $table | .success[$method] as $status | (.body.properties // {}) as $fields | ($constraints | INDEX(.code)) as $words |
    (.refusals | map(.detail |= filled("…")))
    + [unique_names[] | select(($method | . == "PUT" or . == "PATCH" or $status == 201) and .table == $table and (.name | endswith("_taken"))) | .name as $name |
       ($name | .[:-6]) as $field | select($fields | has($field)) | $words.taken | .code = $name | .detail |= filled($field)]
    + (if .statement.text // "" | contains("delete from \($table) it") then [select(pointed_to | index($table)) | $words.in_use] else [] end)
    + [of_nginx[] | select(.status as $status | on_the_way | index($status))]
    + (if .sends_file then [of_nginx[] | select(.status as $status | of_files | index($status))] else [] end)
    + (if .body then [of_nginx[] | select(.status == 507)] else [] end)
    + (if .rate_limited then [of_nginx[] | select(.status == 429)] else [] end)
    | unique_by([.status, .code, .detail]);

def title($status): {"400": "Bad request.", "401": "Missing, invalid or expired credentials.", "403": "Permission denied.", "404": "Not found, or not visible to the caller.",
    "406": "None of the accepted media types is available.", "409": "Conflict with the current state.", "410": "No longer available.", "412": "A condition in the headers is not met.", "413": "The body is too large.", "414": "The URL is too long.",
    "415": "Unsupported media type of the body.", "416": "The requested range is not available.", "429": "Too many requests or attempts.", "500": "Internal error.", "502": "The handler did not return a valid response.", "503": "Temporarily unavailable.", "504": "The handler did not answer in time.", "507": "No disk space."}[$status] // "Error.";

def problems: group_by(.status) | map({key: (.[0].status | tostring), value: (.[0].status as $status |
    {description: (title($status | tostring) + "\n\n" + (group_by(.code) | map("- `\(.[0].code)`: \(map(.detail | sentence) | unique | join(" Or: "))") | join("\n"))),
     headers: ({} + if $status == 401 then {"WWW-Authenticate": ref("headers"; "WWW-Authenticate")} else {} end
                  + if $status == 416 then of_file else {} end
                  + if $status == 429 or $status == 503 then {"Retry-After": ref("headers"; "Retry-After")} else {} end),
     content: {"application/problem+json": {schema: {allOf: [ref("schemas"; "Problem"),
        {properties: {status: {const: $status}, code: {enum: (map(.code) | unique)}}}]},
        examples: (map({key: .code, value: {value: {type: "about:blank", title, status, code, detail}}}) | from_entries)}}} | if .headers == {} then del(.headers) else . end)});

# -- operations

def holders: {"0": ["administrator"], "1": ["manager", "administrator"], "2": ["employee", "manager", "administrator"]}[.holders | tostring];

def description($method): . as $endpoint |
    [(if .asks == "anyone" then "Requires no authentication." elif .asks == "caller" then "Open to every authenticated caller."
      else .permissions[] | select(.code == $endpoint.asks) | "Requires the permission `\(.code)` (built-in roles: \(holders | join(", ")))." end),
     ([.permissions[] | select(.code != $endpoint.asks and $endpoint.asks != "anyone") | "`\(.code)` (\(.description | rtrimstr(".")); built-in roles: \(holders | join(", ")))"] | if . == [] then null else "These permissions allow more: " + join(", ") + "." end),
     (if .session_only then "Requires a login session: personal access tokens are not accepted." else null end),
     (if .rate_limited then "Rate limited: requests from one IP address above the limit get a 429." else null end),
     ([.also[] | select(.methods | index($method)) | "`\($method) \(.path)`"] | if . == [] then null else "Also available as " + join(", ") + "." end)] | wide | join(" ");

def with_example($operation; $example): if $example == null then . else
    (if $example.request.body then .requestBody.content[$example.request.type].example = $example.request.body else . end)
    | (if $example.response.body then .responses[$example.response.status | tostring].content[$example.response.type].example = $example.response.body else . end)
    | (.parameters // []) as $parameters
    | reduce (($example.request.path // {}) | to_entries[]) as $given (.; .parameters |= map(if .in == "path" and .name == $given.key then .example = $given.value else . end))
    | ."x-example" = {request: ($example.request.line), status: $example.response.status} end;

def operation($method; $handler; $names; $paths; $constraints): . as $endpoint | "\($method) \(.path)" as $key |
    {operationId: operation_id($method; $paths), summary, tags: [$handler], description: description($method)}
    + (if .asks == "anyone" then {security: []} else {} end)
    + (if .asks == "anyone" or .asks == "caller" then {} else {"x-permission": .asks} end)
    + ([.also[] | select(.methods | index($method)) | .path] | if . == [] then {} else {"x-also": .} end)
    + {parameters: parameters($method)}
    + ([body($method; $names)] | if . == [] then {} else {requestBody: .[0]} end)
    + {responses: ([success($method; $names), not_modified($method), of_ranges, (refusals($method; $constraints) | problems[])] | from_entries)}
    | with_example(.; $examples[0][$key])
    | if .parameters == [] then del(.parameters) else . end;

# an error response that many operations share is a component
def shared: [.paths[][] | .responses | to_entries[] | select(.value.content."application/problem+json")] as $all |
    ($all | group_by(.key) | map((group_by(.value) | max_by(length)) | select(length > 4) | {key: "Problem\(.[0].key)", value: .[0].value}) | from_entries) as $common |
    .components.responses = $common
    | .paths |= map_values(map_values(.responses |= with_entries(. as $one |
        if $common["Problem\(.key)"] == .value then .value = ref("responses"; "Problem\($one.key)") else . end)));

def checked: [.paths[][].operationId] as $ids | if ($ids | length) == ($ids | unique | length) then .
    else error("two operations have one name: \($ids | group_by(.) | map(select(length > 1)[0]) | join(", "))") end;

# internal endpoints are not part of the document
map(.endpoints |= map(select(.internal | not)) | select(.endpoints != [])) |
. as $handlers | named as $all_names | [.[].endpoints[].path] as $paths |
{
    openapi: "3.1.0",
    info: {title: "Fettle", version: "1",
        description: "Tasks, equipment, maintenance, messages, reports and documents of a team. Log in with `POST /api/v1/auth/login`. Send the `token` of the response in the header `Authorization: Token …`, or its `access` in `Authorization: Bearer …`. By default a login ends the user's earlier sessions. Every path also works with a trailing slash. HEAD works on every path that has GET, and OPTIONS on every path. Any other method gets a 405 with the allowed methods in the header `Allow`. Errors are `application/problem+json` (RFC 9457): programs should use `code`, people read `detail`. Every response has the header `X-Request-Id`. It repeats the header of the request if that has 8 to 64 letters, digits, dots, hyphens and underscores; otherwise the server creates one. An administrator can find the request in the logs by this id.",
        license: {name: "MIT", identifier: "MIT"}},
    servers: [{url: "/", description: "This server."}],
    security: [{Token: []}, {Bearer: []}],
    tags: [$handlers[] | {name: .handler}],
    paths: (reduce ($handlers[] | .handler as $handler | .constraints as $constraints | .endpoints[] | . as $endpoint | .methods[] as $method |
                    ($all_names | with_entries(select(.key | startswith("\($handler) ")) | .key |= ltrimstr("\($handler) "))) as $names |
                    {path: $endpoint.path, method: ($method | ascii_downcase), operation: ($endpoint | operation($method; $handler; $names; $paths; $constraints))}) as $one
                ({}; .[$one.path][$one.method] = $one.operation)),
    components: {
        securitySchemes: {
            Token: {type: "apiKey", in: "header", name: "Authorization",
                    description: "The word `Token`, a space, and the `token` of a login or a personal access token."},
            Bearer: {type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The `access` of a login: a JWT that is valid for 15 minutes."}},
        parameters: {
            PageSize: {name: "page_size", in: "query", description: "Number of rows in a page. Not supported with text/csv.", schema: {type: "integer", minimum: 1, maximum: 200, default: 20}},
            Cursor: {name: "cursor", in: "query", description: "Position of the page. Copy it from the URL `next` or `previous` of another page. Not supported with text/csv.", schema: {type: "string"}},
            Count: {name: "count", in: "query", description: "Counts all rows. Without it, `count` is null if there are more than 1,000 rows. Not supported with text/csv.", schema: {type: "string", enum: ["exact"]}},
            IdempotencyKey: {name: "Idempotency-Key", in: "header", description: "A unique key that the caller chooses for this request. If the request is sent again with the same key within 24 hours, it has no second effect and gets the first response again.",
                             schema: {type: "string", pattern: "^[!-~]{1,255}$"}},
            IfMatch: {name: "If-Match", in: "header", description: "The ETag of the version that the caller wants to change. If the object has changed since, the response is a 412.", schema: {type: "string"}},
            IfNoneMatch: {name: "If-None-Match", in: "header", description: "The ETag of the version that the caller has. If it is still the current one, the response is a 304.", schema: {type: "string"}}},
        headers: {
            ETag: {description: "The version of the object and a digest of this response.", schema: {type: "string"}},
            FileETag: {description: "Identifies the content of the file, independent of its name.", schema: {type: "string"}},
            Location: {description: "The URL of the new object.", schema: {type: "string", format: "uri"}},
            "Idempotency-Replayed": {description: "This is the stored response to an earlier request with this Idempotency-Key.", schema: {type: "string", enum: ["true"]}},
            "Retry-After": {description: "Seconds to wait before the next attempt.", schema: {type: "integer"}, required: true},
            "WWW-Authenticate": {description: "The supported authentication schemes.", schema: {type: "string"}, required: true}},
        schemas: (([$all_names[] | {key: .name, value: (.name as $name | .schema | readable | if $name | test("(Input|Patch)$") then taken else . end)}]
                   + [$handlers[] | .handler as $handler | .endpoints[] | select(.list) | $all_names["\($handler) \(.answer_name)"].name |
                      {key: "\(.)Page", value: {type: "object", additionalProperties: false, required: ["count", "next", "previous", "results"], properties: {
                          count: {type: ["integer", "null"], description: "Number of all rows. Null if there are more than 1,000 and the request does not have `count=exact`."},
                          next: {type: ["string", "null"], format: "uri"}, previous: {type: ["string", "null"], format: "uri"},
                          results: {type: "array", items: ref("schemas"; .)}}}}]
                   | sort_by(.key) | from_entries)
                  + {Problem: {type: "object", description: "An error (RFC 9457).", required: ["type", "title", "status", "code", "detail"], properties: {
                        type: {type: "string"}, title: {type: "string"}, status: {type: "integer"},
                        code: {type: "string", description: "Stable identifier of the error, for programs."}, detail: {type: "string", description: "Explanation of the error, for people."},
                        errors: {type: "object", description: "The fields or parameters that are not valid, each with its errors.", additionalProperties: {type: "array", items: {type: "string"}}}}}})}
} | shared | checked
