#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine::testing {

// A shop of five items, and what a test says of its users.
class UserShop : public ::testing::Test {
 protected:
  UserShop() {
    shop_.Serve();
    EXPECT_THAT(client_->UpsertItems(MakeItems(5)), IsOk());
  }

  absl::StatusOr<v1::GetUserResponse> Get(const std::string& user_id) {
    v1::GetUserRequest request;
    request.set_user_id(user_id);
    return client_->GetUser(request);
  }

  absl::Status Store(const std::string& user_id) {
    v1::UpsertUsersRequest request;
    v1::User& user = *request.add_users();
    user.set_user_id(user_id);
    (*user.mutable_attributes())["country"].set_text("DE");
    return client_->UpsertUsers(request).status();
  }

  absl::Status Merge(const std::string& visitor_id, const std::string& user_id) {
    v1::MergeUsersRequest request;
    request.set_visitor_id(visitor_id);
    request.set_user_id(user_id);
    return client_->MergeUsers(request).status();
  }

  absl::StatusOr<v1::RecordEventsResponse> Buy(const std::string& user_id,
                                               const std::string& visitor_id) {
    v1::Event event = MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, user_id, "item-003");
    event.set_visitor_id(visitor_id);
    return client_->RecordEvents(Batch({event}));
  }

  absl::StatusOr<v1::EraseUserResponse> Erase(const std::string& user_id) {
    v1::EraseUserRequest request;
    request.set_user_id(user_id);
    return client_->EraseUser(request);
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

}  // namespace vitrine::testing
