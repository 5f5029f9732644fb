// A report: a text about a period, a task or an item of equipment.
#pragma once
#include "objects/task.hpp"

inline constexpr api::Resource reports{
    .name = "report",
    .table = "reports",
    .path = "/api/v1/reports",
    .visible = {"has_permission(reports.view_all)", "it.author = me.id"},
    .searched = {.columns = {"title", "body"}, .texts = "reports_texts"},
};

struct Report {
    api::ReadOnly<api::Id> id;
    api::ReadOnly<api::Id> author;
    api::Text<1, 200> title;
    api::Text<1> body;
    std::optional<api::Reference<::tasks>> task;
    std::optional<api::Reference<::equipment>> equipment;
    std::optional<api::Date> period_start;
    std::optional<api::Date> period_end;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Report, (),
                      (id, author, title, body, task, equipment, period_start, period_end, created_at, updated_at,
                       version))
