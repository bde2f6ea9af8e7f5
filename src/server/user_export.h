#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/insight_reports.h"
#include "server/request_pool.h"
#include "vitrine/v1/user_service.grpc.pb.h"

namespace vitrine {

// All that a store holds of one person, in the order of ExportUserDataResponse. Reads the whole
// log, seconds per million events.
//
// Errors: INVALID_ARGUMENT not exactly one id; NOT_FOUND nothing is known of the person; CANCELLED
// `is_stopped` became true; those of the store.
absl::StatusOr<std::vector<v1::ExportUserDataResponse>> ExportUserData(
    const FeatureStore& store, const v1::ExportUserDataRequest& request, Micros now,
    const std::function<bool()>& is_stopped);

// One ExportUserData call: gathers on the thread of reports, then writes message by message, as
// fast as the client takes them. All of them are held until then, so that few may be open, and one
// whose client does not take a message in time is given up. One step follows the other; deletes
// itself.
class UserExport final : public grpc::ServerWriteReactor<v1::ExportUserDataResponse> {
 public:
  static constexpr std::size_t kMostOpen = 16;

  struct Options {
    std::atomic<std::size_t>& num_open;  // Of all exports, which count themselves.
    Micros max_unread_us = 0;            // Of one message, until the export is given up.
  };

  UserExport(RequestPool& pool, InsightReports& reports, grpc::CallbackServerContext& context,
             const Options& options)
      : pool_(pool),
        reports_(reports),
        context_(context),
        num_open_(options.num_open),
        max_unread_us_(options.max_unread_us) {}

  // `request` must live as long as the call.
  void Start(const v1::ExportUserDataRequest& request, Micros now);

  void OnWriteDone(bool is_ok) override;
  void OnDone() override;

 private:
  void WriteNext();
  void AwaitReading();
  absl::Status Unread() const;
  grpc::Status EndOf(const absl::Status& status);

  RequestPool& pool_;
  InsightReports& reports_;
  grpc::CallbackServerContext& context_;
  std::atomic<std::size_t>& num_open_;
  const Micros max_unread_us_;
  bool is_open_ = false;  // It is one of num_open_.
  std::vector<v1::ExportUserDataResponse> parts_;
  std::size_t next_ = 0;
  std::optional<grpc::Alarm> alarm_;  // Of the message that is written.
  // Set by the alarm, which may go off while the export ends.
  const std::shared_ptr<std::atomic<bool>> is_given_up_ =
      std::make_shared<std::atomic<bool>>(false);
};

}  // namespace vitrine
