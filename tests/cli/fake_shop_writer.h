#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "cli/import/shop_writer.h"

namespace vitrine::cli {

// A shop in a few maps that keeps the promises of a store: batches are atomic, an event id makes a
// repeat a no-op, other content under it refuses the whole batch. Answers from a thread of its own.
class FakeShopWriter final : public ShopWriter {
 public:
  void Write(Mutation batch, Done done) override {
    ++num_batches;
    if (fails_after.has_value() && num_batches > *fails_after) {
      return Answer(absl::UnavailableError("the disk failed"), std::move(done));
    }
    if (const auto* record = std::get_if<RecordEvents>(&batch)) {
      return Answer(Record(*record), std::move(done));
    }
    WriteResult result;
    if (const auto* upsert = std::get_if<UpsertItems>(&batch)) {
      for (const Item& item : upsert->items) items[item.id] = item;
      result.num_changed = upsert->items.size();
    } else {
      const auto& users_of_batch = std::get<UpsertUsers>(batch).users;
      for (const User& user : users_of_batch) {
        if (erased.contains(user.id)) return Answer(OfErased(), std::move(done));
      }
      for (const User& user : users_of_batch) users[user.id] = user;
      result.num_changed = users_of_batch.size();
    }
    Answer(std::move(result), std::move(done));
  }

  std::size_t max_in_flight() const override { return 3; }

  std::map<std::string, Event> events;  // By id.
  std::map<std::string, Item> items;
  std::map<std::string, User> users;
  std::set<std::string> erased;  // Users who may not come back.
  std::size_t num_batches = 0;
  std::optional<std::size_t> fails_after{};  // Batches that succeed.

 private:
  absl::StatusOr<WriteResult> Record(const RecordEvents& record) {
    for (const Event& event : record.events) {
      const auto known = events.find(event.event_id);
      if (known != events.end() && known->second != event) {
        return absl::AlreadyExistsError(event.event_id);
      }
    }
    WriteResult result;
    for (const Event& event : record.events) {
      const bool is_new = events.emplace(event.event_id, event).second;
      result.outcomes.push_back(is_new ? EventOutcome::kRecorded : EventOutcome::kDuplicate);
    }
    return result;
  }

  static absl::Status OfErased() {
    auto status = absl::FailedPreconditionError("the shopper was erased");
    status.SetPayload(kReasonPayload, absl::Cord(kReasonUserErased));
    return status;
  }

  static void Answer(absl::StatusOr<WriteResult> result, Done done) {
    std::thread([&result, &done] { done(std::move(result)); }).join();
  }
};

}  // namespace vitrine::cli
