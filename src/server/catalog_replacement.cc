#include "server/catalog_replacement.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxReported = 1'000;  // Violations; far more than an error can carry.

}  // namespace

CatalogReplacement::CatalogReplacement(RequestPool& pool, grpc::CallbackServerContext& context,
                                       v1::ReplaceCatalogResponse& response, Options options)
    : pool_(pool), context_(context), response_(response), options_(options) {}

void CatalogReplacement::Start() {
  if (const absl::Status admitted = pool_.Admit(context_, request_); !admitted.ok()) {
    return Finish(EndOf(admitted));
  }
  if (options_.is_replacing->exchange(true)) {
    return Finish(EndOf(WithReason(
        absl::AbortedError("another replacement of the catalogue runs; try again after it"),
        "REPLACE_IN_PROGRESS")));
  }
  StartRead(&request_);
}

void CatalogReplacement::OnReadDone(bool is_ok) {
  // Off gRPC's thread: a message may hold thousands of items.
  pool_.Submit([this, is_ok] { is_ok ? Take() : Commit(); });
}

void CatalogReplacement::End(const absl::Status& status) {
  replacement_.items.clear();
  *options_.is_replacing = false;  // Before the answer: the client may come with the next one.
  Finish(EndOf(status));
}

grpc::Status CatalogReplacement::EndOf(const absl::Status& status) {
  return pool_.EndStream(context_, v1::ReplaceCatalogRequest::default_instance(), status);
}

void CatalogReplacement::Take() {
  if (const absl::Status still = pool_.CheckStill(context_, request_); !still.ok()) {
    return End(still);
  }
  if (total_count_ != 0) {
    return End(BadField("total_count", "is set on a message before the last one"));
  }
  total_count_ = request_.total_count();
  for (const v1::Item& message : request_.items()) {
    Converted<Item> item = FromProto(message);
    if (violations_.size() < kMaxReported) {
      AppendPrefixed(absl::StrFormat("items[%d].", num_read_), item.violations, violations_);
    }
    // With a violation nothing will be written: read on for the report, hold no more.
    if (violations_.empty()) replacement_.items.push_back(std::move(item.value));
    ++num_read_;
  }
  if (num_read_ > options_.max_items) {
    return End(WithReason(
        absl::ResourceExhaustedError(absl::StrFormat(
            "the stream has more items than this server takes at once, %d; raise its "
            "limit or upsert and delete items in parts",
            options_.max_items)),
        "CATALOG_TOO_LARGE", {{"max_items", absl::StrFormat("%d", options_.max_items)}}));
  }
  StartRead(&request_);
}

absl::Status CatalogReplacement::CheckComplete() const {
  if (context_.IsCancelled()) return absl::CancelledError("the client has gone");
  if (!violations_.empty()) return BadRequestStatus(violations_);
  if (total_count_ < 1 || static_cast<std::size_t>(total_count_) != num_read_) {
    return BadField("total_count",
                    absl::StrFormat("is %d, but the stream carried %d items; the last message must "
                                    "tell their number, so that a part is not taken for the whole",
                                    total_count_, num_read_));
  }
  return absl::OkStatus();
}

void CatalogReplacement::Commit() {
  absl::Status sound = pool_.CheckStill(context_, request_);
  if (sound.ok()) sound = CheckComplete();
  if (!sound.ok()) return End(sound);
  pool_.Write(std::move(replacement_), [this](const absl::StatusOr<WriteResult>& result) {
    if (result.ok()) {
      response_.set_item_count(total_count_);
      response_.set_retired_count(static_cast<std::int64_t>(result->num_removed));
      response_.set_consistency_token(ConsistencyToken(result->sequence));
    }
    End(result.status());
  });
}

}  // namespace vitrine
