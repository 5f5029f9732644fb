# Generates the upstreams and locations of nginx from the descriptions of the handlers (--describe).
# usage: jq -rsf routes.jq --arg part upstreams|routes *.json

# every path of every handler, once
[ .[] as $h | $h.endpoints[] as $e | ({path: $e.path}, ($e.also[] | {path: .path})) + {handler: $h.handler, rate_limited: $e.rate_limited, upload: $e.upload, largest: $e.largest, internal: $e.internal} ]
| group_by(.path)
| map(if (map(.handler) | unique | length) > 1
      then error("two handlers claim \(.[0].path): \(map(.handler) | unique | join(", "))")
      else {path: .[0].path, handler: .[0].handler, rate_limited: any(.[]; .rate_limited), upload: any(.[]; .upload), internal: any(.[]; .internal),
            # the largest file in bytes; null: the limit of the server
            largest: ([ .[] | select(.upload).largest ] | if length == 0 or any(. == 0) then null else max end)} end)
| if $part == "upstreams" then
    "# One upstream for each handler. It has the same socket twice, for one retry, which waits until the handler is back.",
    (map(.handler) | unique[] |
     "upstream fettle_\(.) { server unix:/run/fettle/\(.).sock max_fails=0; server unix:/run/fettle/\(.).sock max_fails=0; }")
  else
    map(select(.internal | not)) |
    "# Maps each path, with and without a slash at its end, to its handler. The server sets the largest upload, unless the handler\n# accepts less: then 1 MiB more is allowed for what a form adds.",
    (sort_by(.path)[] |
     # a large file is written and synced before the handler answers
     (if .largest then "client_max_body_size \((.largest / 1048576 | ceil) + 1)m; " elif .upload then "" else "client_max_body_size 1m; " end
      + if .upload then "limit_conn fettle_server 256; limit_conn fettle_uploads 64; limit_conn fettle_uploader 24; fastcgi_send_timeout 60s; fastcgi_read_timeout 300s; " else "" end
      + if .rate_limited then "limit_req zone=fettle_login burst=40 nodelay; " else "" end) as $limit |
     if .path | test("\\{") then
       "location ~ ^\(.path | gsub("\\{[a-z0-9_]+\\}"; "[^/]+"))/?$ { \($limit)fastcgi_pass fettle_\(.handler); }"
     else
       "location = \(.path) { \($limit)fastcgi_pass fettle_\(.handler); }",
       "location = \(.path)/ { \($limit)fastcgi_pass fettle_\(.handler); }"
     end)
  end
