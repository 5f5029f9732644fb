// Runs one request through the stages of its endpoint: identify, read, bind, execute, render.
#pragma once
#include "auth/identity.hpp"
#include "serve/read.hpp"
#include "sql/request_context.hpp"

namespace api {

/// The stages of one request, in the order in which they can refuse it. pipeline.cpp has them from top to bottom.
class Pipeline final : public RequestContext {
public:
    /// All arguments must outlive the pipeline.
    Pipeline(const CompiledEndpoint& endpoint, Request& request, Database& database, const PathParameters& path);

    /// Runs all stages. It can be called again after a Collision or a lost connection; the request is not read twice.
    /// Throws Problem, DatabaseError, and other exceptions for internal errors.
    Reply run();

    Reply answer() override;
    Rows query(std::string_view sql) override;
    Caller caller() override;
    std::vector<std::unique_ptr<Incoming>>& files() override { return files_; }

private:
    const EndpointSpec& spec() const { return operation_.spec; }
    void prepare();
    void bind_request(const Identity& identity);
    void bind_body();
    void receive_file();
    Reply work();
    Reply work_with_key();
    Rows execute();
    Reply answer_page();
    Reply answer_table();
    Rows send(const Statement& statement);
    /// Whether the body refers to another object.
    bool sends_references() const;
    void refuse_caller(const Rows& rows) const;
    /// The key of the session whose last use must be stored, or empty.
    std::string session_key_to_touch(const Rows& rows) const;
    Reply reply_with(const json::object& value) const override;

    const CompiledEndpoint& endpoint_;
    const Operation& operation_;
    const PathParameters& path_;
    Input input_;
    std::vector<std::unique_ptr<Incoming>> files_;
    bool is_prepared_ = false;
    bool in_transaction_ = false;  ///< the work is part of the open transaction of an Idempotency-Key
};

}  // namespace api
