# Generates the OpenAPI 3.1 document from what the handlers say of themselves (--describe), the words of nginx's own
# refusals, the constraints of the tables and the examples that the tests have recorded.
# usage: jq -sf openapi.jq --rawfile nginx http.conf --arg tables "$(cat *.sql)" --slurpfile examples examples.json *.json

def filled($more): gsub("\\{\\}"; $more);
def sentence: if test("[.…]$") then . else . + "." end;
def wide: map(select(. != null));
def ref($kind; $name): {"$ref": "#/components/\($kind)/\($name)"};
def json_of($schema): {"application/json": {schema: $schema}};

# -- from outside of the handlers

# nginx: status '"title":"…","code":"…","detail":"…"';
def of_nginx: [$nginx | scan("\n    ([0-9]{3}) '(\"title\".*)';") |
               (.[1] | "{\(.)}" | fromjson) + {status: .[0] | tonumber} |
               {status: (if .status == 494 then 400 else .status end), title, code, detail}];
# what any request can meet on its way; the others are about what no client of HTTP sends
def on_the_way: [400, 413, 414, 500, 502, 503, 504];
def of_files: [412, 416];

# tables: each statement with the table that it is about
def statements: $tables | gsub("--[^\n]*"; "") | split(";")[] |
    {text: ., table: (capture("(create table|alter table|create unique index +\\w+ +on) +(?<name>\\w+)").name)};
def unique_names: [statements | .table as $table | .text |
    (scan("constraint (\\w+) unique"), scan("create unique index +(\\w+)")) | {table: $table, name: .[0]}];
# those to whom another row can point that does not go with them
def pointed_to: [statements | .text | capture("constraint no_such_\\w+ references (?<table>\\w+)(?<then> on delete)?"; "g") |
                 select(.then == null) | .table] | unique;

# -- names

# /api/v1/tasks/{task_id}/history: task_history; of a collection that has one of its own, the one: /api/v1/tasks: task
def words: ltrimstr("/api/v1") | [scan("/([^/]+)")[0]] |
    reduce .[] as $part ([]; if $part | test("^\\{.*_id\\}$") then .[:-1] + [$part[1:-4]] elif $part | test("^\\{") then . else . + [$part] end);
def operation_id($method; $paths): .path as $path |
    ([$paths[] | select(startswith($path + "/{") and endswith("_id}") and (ltrimstr($path + "/") | contains("/") | not))][0]) as $one |
    if .list then ["list", ($path | words[])]
    elif .success[$method] == 201 and $one then ["create", ($one | words[])]
    else [($method | ascii_downcase), ($path | words[])] end | join("_");

# one name for one schema: where two handlers use a name for different things, each is called after its handler
def capitalized: [splits("_")] | map(.[:1] | ascii_upcase) as $first | [., $first] | transpose | map(.[1] + .[0][1:]) | join("");
def named: [.[] | .handler as $handler | .endpoints[] |
            (select(.answer) | {name: .answer_name, schema: .answer, $handler}),
            (select(.body) | {name: (.body_name + "Input"), schema: .body, $handler},
                             (select(.patch != .body and (.methods | index("PATCH"))) | {name: (.body_name + "Patch"), schema: .patch, $handler}))] |
    group_by(.name) | map((map(.schema) | unique | length) as $many |
        .[] | {key: "\(.handler) \(.name)", value: {name: (if $many > 1 then "\(.handler | capitalized)\(.name)" else .name end), schema}}) |
    from_entries;

# what the input takes beside the names of a choice
def readable: walk(if type == "object" and has("x-also") then
    .description = "Also taken: " + (."x-also" | to_entries | map("`\(.key)` for `\(.value)`") | join(", ")) + "." | del(."x-also") else . end);
# an amount is told as a string, which no client rounds; a number is taken, too
def taken: walk(if type == "object" and .format? == "decimal" then .type |= ([.] | flatten | .[:1] + ["number"] + .[1:]) else . end);
def plain: del(."x-also") | if (.type | type) == "array" then .type |= (map(select(. != "null")) | first) | if .enum then .enum -= [null] else . end else . end;

# -- parameters

def of_path: [.path | scan("\\{(\\w+)\\}")[0] |
    {name: ., in: "path", required: true,
     schema: (if endswith("_id") then {type: "integer", format: "int64", minimum: 1} else {type: "string"} end)}];

def of_filters: .answer.properties as $members | [(.filters[] | select(. == "search") |
        {name: ., in: "query", description: "Finds the rows that have this text somewhere, in small or capital letters.",
         schema: {type: "string", minLength: 3, maxLength: 256}}),
    (.filtered[] | . as $filter | ($members[.name] | plain | del(.default)) as $schema |
     ($schema | if .enum then .enum += ($filter.groups | keys_unsorted) else . end) as $choice |
     (if .groups == {} then "" else " " + (.groups | to_entries | map("`\(.key)` stands for \(.value | gsub(","; " and "))") | join("; ")) + "." end) as $groups |
     {name, in: "query", description: ((if .finds_parts then "Has this text somewhere, in small or capital letters." else "Is this." end) + $groups),
      schema: (if .finds_parts then {type: "string", minLength: 3, maxLength: 256} else $choice end)},
     (.ways[] | {name: "\($filter.name)__\(.)", in: "query"} +
        if . == "in" then {description: ("Is one of these." + $groups), style: "form", explode: false, schema: {type: "array", items: $choice, maxItems: 1000}}
        elif . == "isnull" then {description: "Is null, or is not.", schema: {type: "boolean"}}
        elif . == "gte" then {description: "Is this or more.", $schema}
        else {description: "Is this or less.", $schema} end))];

# words of the list's own
def of_choices: [.choices | to_entries[] | {name: .key, in: "query", description: "Chooses rows.", schema: {type: "string", enum: .value}}];

def of_list: of_filters + of_choices + [
    {name: "ordering", in: "query", description: "What the rows are ordered by; with - in front descending. Nulls come last.", style: "form", explode: false,
     schema: {type: "array", items: {type: "string", enum: [.ordering[] | ., "-" + .]}, default: (.order | split(","))}},
    ref("parameters"; "PageSize"), ref("parameters"; "Cursor"), ref("parameters"; "Count")];

# beside a file that is the whole body, what else the form would have
def of_upload: [select(.upload) | .body.properties | to_entries[] | select(.value.format != "binary") |
    {name: .key, in: "query", description: "Where the body is the file alone.", schema: (.value | plain | del(.default))}];

# what a signed URL is made of stands in the object that has it
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

# -- answers

def of_file: {ETag: ref("headers"; "FileETag")};

def success($method; $names): (if .sends_file then 200 else .success[$method] end) as $status | {key: ($status | tostring), value: (
    {description: (if $status == 204 then "Done; there is nothing to say." elif $status == 201 then "Created." elif .list then "One page, or as text/csv all rows." else "The answer." end),
     headers: ({} + if .etag then {ETag: ref("headers"; "ETag")} elif .sends_file then of_file else {} end
                  + if $status == 201 and .location then {Location: ref("headers"; "Location")} else {} end
                  + if .idempotency_key and $method == "POST" then {"Idempotency-Replayed": ref("headers"; "Idempotency-Replayed")} else {} end)}
    + if .sends_file then {content: {"*/*": bytes}}
      elif .answer and $status != 204 then {content: (
        json_of(ref("schemas"; $names[.answer_name].name + if .list then "Page" else "" end)) + if .csv then {"text/csv": {schema: {type: "string"}}} else {} end)}
      else {} end | if .headers == {} then del(.headers) else . end)};

def not_modified($method): select(.etag and $method == "GET") |
    {key: "304", value: {description: "If-None-Match names what the caller has already.", headers: {ETag: ref("headers"; "ETag")}}};

# nginx sends the bytes: a part of them, or none where the caller has them
def of_ranges: select(.sends_file) | {key: "206", value: {description: "The part that Range asks for.", headers: of_file, content: {"*/*": bytes}}},
    {key: "304", value: {description: "The caller has these bytes already.", headers: of_file}};

# what it can answer instead: what the library and the form refuse, what the tables do, and nginx in front of it
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

def title($status): {"400": "The request is not right.", "401": "Nobody, or nobody any more.", "403": "Not allowed.", "404": "Not there, or not to be seen.",
    "406": "No such type.", "409": "In conflict with what is.", "410": "Not any more.", "412": "Changed meanwhile.", "413": "Too large.", "414": "Too long.",
    "415": "Not such a body.", "416": "No such part.", "429": "Too often.", "500": "A fault.", "502": "A fault on the way.", "503": "Not now.", "504": "Not in time.", "507": "No room."}[$status] // "Refused.";

def problems: group_by(.status) | map({key: (.[0].status | tostring), value: (.[0].status as $status |
    {description: (title($status | tostring) + "\n\n" + (group_by(.code) | map("- `\(.[0].code)`: \(map(.detail | sentence) | unique | join(" "))") | join("\n"))),
     headers: ({} + if $status == 401 then {"WWW-Authenticate": ref("headers"; "WWW-Authenticate")} else {} end
                  + if $status == 416 then of_file else {} end
                  + if $status == 429 or $status == 503 then {"Retry-After": ref("headers"; "Retry-After")} else {} end),
     content: {"application/problem+json": {schema: {allOf: [ref("schemas"; "Problem"),
        {properties: {status: {const: $status}, code: {enum: (map(.code) | unique)}}}]},
        examples: (map({key: .code, value: {value: {type: "about:blank", title, status, code, detail}}}) | from_entries)}}} | if .headers == {} then del(.headers) else . end)});

# -- operations

def holders: {"0": ["administrator"], "1": ["manager", "administrator"], "2": ["employee", "manager", "administrator"]}[.holders | tostring];

def description($method): . as $endpoint |
    [(if .asks == "anyone" then "Needs no authentication." elif .asks == "caller" then "Every authenticated caller may ask."
      else .permissions[] | select(.code == $endpoint.asks) | "Needs the permission `\(.code)`, which the roles \(holders | join(", ")) carry." end),
     ([.permissions[] | select(.code != $endpoint.asks) | "`\(.code)` (\(.description | rtrimstr(".")); \(holders | join(", ")))"] | if . == [] then null else "More is open to holders of " + join(", ") + "." end),
     (if .session_only then "A personal access token is not enough: it takes a login." else null end),
     (if .rate_limited then "One address may ask only so often." else null end),
     ([.also[] | select(.methods | index($method)) | "`\($method) \(.path)`"] | if . == [] then null else "Also served as " + join(", ") + "." end)] | wide | join(" ");

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

# what many operations answer alike stands once
def shared: [.paths[][] | .responses | to_entries[] | select(.value.content."application/problem+json")] as $all |
    ($all | group_by(.key) | map((group_by(.value) | max_by(length)) | select(length > 4) | {key: "Problem\(.[0].key)", value: .[0].value}) | from_entries) as $common |
    .components.responses = $common
    | .paths |= map_values(map_values(.responses |= with_entries(. as $one |
        if $common["Problem\(.key)"] == .value then .value = ref("responses"; "Problem\($one.key)") else . end)));

def checked: [.paths[][].operationId] as $ids | if ($ids | length) == ($ids | unique | length) then .
    else error("two operations have one name: \($ids | group_by(.) | map(select(length > 1)[0]) | join(", "))") end;

# what is local is no part of it
map(.endpoints |= map(select(.internal | not)) | select(.endpoints != [])) |
. as $handlers | named as $all_names | [.[].endpoints[].path] as $paths |
{
    openapi: "3.1.0",
    info: {title: "Fettle", version: "1",
        description: "Tasks, equipment, maintenance, messages, reports and documents of a team. Log in with `POST /api/v1/auth/login`; its `token` goes into the header `Authorization: Token …`, its `access` into `Authorization: Bearer …`. Every path is served with a slash at its end, too. HEAD is answered wherever GET is, OPTIONS everywhere; another method is a 405 that names those that are allowed. What is refused is told as `application/problem+json`, whose `code` is for programs. Every answer has an `X-Request-Id`: the request's own, where that is 8 to 64 letters, digits, dots, hyphens and underscores; whoever looks after the server finds the request by it.",
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
                    description: "The word `Token`, a blank, and the `token` of a login or a personal access token."},
            Bearer: {type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The `access` of a login: a JWT of 15 minutes."}},
        parameters: {
            PageSize: {name: "page_size", in: "query", description: "Rows of a page; not with text/csv.", schema: {type: "integer", minimum: 1, maximum: 200, default: 20}},
            Cursor: {name: "cursor", in: "query", description: "Where a page begins, from `next` or `previous` of another one; not with text/csv.", schema: {type: "string"}},
            Count: {name: "count", in: "query", description: "Counts all rows; without it `count` is null beyond 10,000. Not with text/csv.", schema: {type: "string", enum: ["exact"]}},
            IdempotencyKey: {name: "Idempotency-Key", in: "header", description: "A name of the caller's choice for this request: sent again within 24 hours it does nothing twice, and gets the first answer again.",
                             schema: {type: "string", pattern: "^[!-~]{1,255}$"}},
            IfMatch: {name: "If-Match", in: "header", description: "The ETag that the change is for: 412 where somebody was faster.", schema: {type: "string"}},
            IfNoneMatch: {name: "If-None-Match", in: "header", description: "The ETag of what the caller has: 304 where it is that still.", schema: {type: "string"}}},
        headers: {
            ETag: {description: "The version of the object and a digest of this answer.", schema: {type: "string"}},
            FileETag: {description: "Of the bytes, whatever they are called.", schema: {type: "string"}},
            Location: {description: "Where the new object is.", schema: {type: "string", format: "uri"}},
            "Idempotency-Replayed": {description: "This is the answer to an earlier request with this Idempotency-Key.", schema: {type: "string", enum: ["true"]}},
            "Retry-After": {description: "Seconds until it is worth another try.", schema: {type: "integer"}, required: true},
            "WWW-Authenticate": {description: "How one authenticates.", schema: {type: "string"}, required: true}},
        schemas: (([$all_names[] | {key: .name, value: (.name as $name | .schema | readable | if $name | test("(Input|Patch)$") then taken else . end)}]
                   + [$handlers[] | .handler as $handler | .endpoints[] | select(.list) | $all_names["\($handler) \(.answer_name)"].name |
                      {key: "\(.)Page", value: {type: "object", additionalProperties: false, required: ["count", "next", "previous", "results"], properties: {
                          count: {type: ["integer", "null"], description: "Null where there are more than 10,000 and `count=exact` did not ask."},
                          next: {type: ["string", "null"], format: "uri"}, previous: {type: ["string", "null"], format: "uri"},
                          results: {type: "array", items: ref("schemas"; .)}}}}]
                   | sort_by(.key) | from_entries)
                  + {Problem: {type: "object", description: "RFC 9457.", required: ["type", "title", "status", "code", "detail"], properties: {
                        type: {type: "string"}, title: {type: "string"}, status: {type: "integer"},
                        code: {type: "string", description: "Stable, for programs."}, detail: {type: "string", description: "A sentence, for people."},
                        errors: {type: "object", description: "The fields at fault, and what is wrong with each.", additionalProperties: {type: "array", items: {type: "string"}}}}}})}
} | shared | checked
