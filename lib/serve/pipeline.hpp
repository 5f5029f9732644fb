// One request on its way through one endpoint: identify, read, bind, execute, render.
#pragma once
#include "auth/identity.hpp"
#include "serve/read.hpp"
#include "sql/request_context.hpp"

namespace api {

/// The stages of one request, in the order in which it can be refused; pipeline.cpp is read from top to bottom.
class Pipeline final : public RequestContext {
public:
    /// All must outlive it.
    Pipeline(const CompiledEndpoint& endpoint, Request& request, Database& database, const PathParameters& path);

    /// Runs all stages. After a Collision or a lost connection it can be run again: what was read is not read twice.
    /// Throws Problem, DatabaseError and what is a fault of ours.
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
    void refuse_caller(const Rows& rows) const;
    /// The session whose use is worth a note, or empty.
    std::string session_key_to_touch(const Rows& rows) const;
    Reply reply_with(const json::object& value) const override;

    const CompiledEndpoint& endpoint_;
    const Operation& operation_;
    const PathParameters& path_;
    Input input_;
    std::vector<std::unique_ptr<Incoming>> files_;
    bool is_prepared_ = false;
    bool in_transaction_ = false;  ///< the work belongs to a transaction that is open: that of an Idempotency-Key
};

}  // namespace api
