// Finds indexes that an interrupted `create index concurrently` has left behind.
#include "indexes.hpp"

#include "sql/statement.hpp"

namespace tool {

std::vector<std::pair<std::string, std::string>> invalid_indexes(api::Database& database) {
    const api::Rows rows = database.query(api::numbered(R"(
        select c.relname, format('drop index concurrently if exists public.%I', c.relname)
          from pg_index i join pg_class c on c.oid = i.indexrelid
         where not i.indisvalid and c.relnamespace = 'public'::regnamespace
         order by c.relname)"),
                                          {});
    std::vector<std::pair<std::string, std::string>> indexes;
    for (std::size_t i = 0; i < rows.size(); ++i) indexes.emplace_back(rows(i, 0), rows(i, 1));
    return indexes;
}

}  // namespace tool
