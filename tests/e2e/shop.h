#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/fake_backend.h"
#include "testing/fault_file_system.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/log.h"
#include "vitrine/client/client.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/placements.h"
#include "vitrine/server/server.h"

namespace vitrine::testing {

// A whole Vitrine on a free port of this machine: store, engine without models, server, and a
// client. Ends the program where one of them cannot start.
class Shop {
 public:
  explicit Shop(ServerOptions options = {}) {
    SetLogLevel(LogLevel::kWarning);
    options.address = "127.0.0.1:0";
    options_ = options;
    auto server = Server::Create(options_, SystemClock());
    if (!server.ok()) Die(server.status());
    server_ = *std::move(server);
    OpenStore();
  }
  ~Shop() { Stop(); }

  // Answers requests; before it the server says NOT_SERVING.
  void Serve() {
    server_->Serve({.engine = engine_.get(),
                    .store = store_.get(),
                    .models = &models_,
                    .placements = placements_.get(),
                    .counters = &counters_});
  }

  // What the engine answers with from now on.
  void Publish(ModelSet models) {
    published_.Set(std::make_shared<const ModelSet>(std::move(models)));
  }

  // Drains the server and closes the store.
  void Stop(Micros limit = 5 * kMicrosPerSecond) {
    server_->Drain(limit);
    engine_.reset();
    store_.reset();
  }

  // A new server over the same folder, as after a restart.
  void Restart() {
    Stop();
    server_ = *Server::Create(options_, SystemClock());
    OpenStore();
    Serve();
  }

  Server& server() { return *server_; }
  FakeModelControl& models() { return models_; }
  const Counters& counters() const { return counters_; }
  FaultFileSystem& files() { return files_; }
  std::string store_folder() const { return folder_ / "store"; }
  std::string address() const { return absl::StrFormat("127.0.0.1:%d", server_->port()); }
  std::unique_ptr<Client> Connect(const ClientOptions& options = {}) const {
    return Client::Connect(address(), options);
  }

 private:
  [[noreturn]] static void Die(const absl::Status& status) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::abort();
  }

  void OpenStore() {
    auto store =
        FeatureStore::Open(store_folder(), {.full_disk_retry_ms = 5}, files_, SystemClock());
    if (!store.ok()) Die(store.status());
    store_ = *std::move(store);
    auto placements = Placements::Open(files_, folder_ / "store/placements", {});
    if (!placements.ok()) Die(placements.status());
    placements_ = *std::move(placements);
    engine_ = std::make_unique<Engine>(*store_, published_, counters_, SystemClock(),
                                       Engine::Options(), placements_.get());
  }

  ServerOptions options_;
  TemporaryFolder folder_;
  FaultFileSystem files_;
  Published<ModelSet> published_{std::make_shared<const ModelSet>()};
  FakeModelControl models_;
  Counters counters_;
  std::unique_ptr<FeatureStore> store_;
  std::unique_ptr<Placements> placements_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Server> server_;
};

inline v1::Item MakeItem(const std::string& id) {
  v1::Item item;
  item.set_item_id(id);
  item.set_title("The " + id);
  item.add_categories("Home > Kitchen");
  item.mutable_price()->set_currency_code("EUR");
  item.mutable_price()->set_micros(9'990'000);
  return item;
}

inline v1::Event MakeEvent(v1::EventType type, const std::string& user_id,
                           const std::string& item_id) {
  v1::Event event;
  event.set_type(type);
  event.set_user_id(user_id);
  event.add_items()->set_item_id(item_id);
  return event;
}

inline v1::RecordEventsRequest Batch(std::initializer_list<v1::Event> events) {
  v1::RecordEventsRequest request;
  for (const v1::Event& event : events) *request.add_events() = event;
  return request;
}

inline v1::UpsertItemsRequest MakeItems(int count) {
  v1::UpsertItemsRequest request;
  for (int i = 0; i < count; ++i) *request.add_items() = MakeItem(absl::StrFormat("item-%03d", i));
  return request;
}

inline v1::RecommendItemsRequest For(const std::string& user_id, int page_size = 200) {
  v1::RecommendItemsRequest request;
  request.set_user_id(user_id);
  request.set_page_size(page_size);
  return request;
}

template <typename Response>
std::vector<std::string> ItemIds(const absl::StatusOr<Response>& response) {
  std::vector<std::string> ids;
  if (!response.ok()) return {response.status().ToString()};
  for (const auto& item : response->items()) ids.push_back(item.item_id());
  return ids;
}

}  // namespace vitrine::testing
