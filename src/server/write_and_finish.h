#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "server/request_pool.h"
#include "server/wire.h"

namespace vitrine {

// Ends a call by a write: with what is wrong with the mutation, or with what came of it. Of a write
// that took effect `set` tells the response, which gets its consistency token. `response` lives
// until the call is finished.
template <typename MutationKind, typename Response, typename Set>
void WriteAndFinish(RequestPool& pool, absl::StatusOr<MutationKind> mutation, Response* response,
                    const RequestPool::Finish& finish, Set set) {
  if (!mutation.ok()) return finish(mutation.status());
  pool.Write(*std::move(mutation),
             [response, finish, set = std::move(set)](const absl::StatusOr<WriteResult>& result) {
               if (result.ok()) {
                 set(*result);
                 response->set_consistency_token(ConsistencyToken(result->sequence));
               }
               finish(result.status());
             });
}

// Of a write that there is nothing to tell of.
template <typename MutationKind, typename Response>
void WriteAndFinish(RequestPool& pool, absl::StatusOr<MutationKind> mutation, Response* response,
                    const RequestPool::Finish& finish) {
  WriteAndFinish(pool, std::move(mutation), response, finish, [](const WriteResult&) {});
}

}  // namespace vitrine
