// Requests, as they come over the wire: parsed, checked and converted as the server does it, and
// those for lists answered by an engine over a small shop.
#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "server/convert_feature.h"
#include "server/convert_insight.h"
#include "server/convert_query.h"
#include "testing/fake_feature_store.h"
#include "vitrine/base/counters.h"
#include "vitrine/engine/engine.h"
#include "vitrine/server/convert.h"

namespace {

using namespace vitrine;  // NOLINT(google-build-using-namespace)

constexpr Micros kNow = 1'800'000'000 * kMicrosPerSecond;

// A dozen items, a shopper, and an engine without models.
struct Shop {
  testing::FakeFeatureStore store{};
  Published<ModelSet> models{std::make_shared<const ModelSet>()};
  Counters counters{};
  std::unique_ptr<Engine> engine{};

  Shop() {
    for (int i = 0; i < 12; ++i) {
      store.Put({.id = "p" + std::to_string(i),
                 .title = "The item",
                 .categories = {i % 2 == 0 ? "Home > Kitchen" : "Toys"},
                 .brand = i % 3 == 0 ? "Acme" : "Other",
                 .price = Money{.micros = i * 1'000'000, .currency = "EUR"}});
    }
    store.Record("ann", EventType::kDetailPageView, "p1");
    store.SetPopularity(std::vector<float>(12, 1));
    engine = std::make_unique<Engine>(store, models, counters, SystemClock(), Engine::Options());
  }
};

const Engine& AnEngine() {
  static const auto* const shop = new Shop();
  return *shop->engine;
}

template <typename Message>
Message Parsed(const std::uint8_t* data, std::size_t size) {
  Message message;
  (void)message.ParseFromArray(data, static_cast<int>(size));  // What could be read stays.
  return message;
}

// What is sound is written as a message and read again as the same.
template <typename Message, auto Convert>
void Value(const std::uint8_t* data, std::size_t size) {
  const auto read = Convert(Parsed<Message>(data, size));
  if (!read.violations.empty()) return;
  const Message written = ToProto(read.value);
  if (!Convert(written).violations.empty()) std::abort();
}

Converted<Event> ReadEvent(const v1::Event& message) { return FromProto(message, kNow); }
Converted<Item> ReadItem(const v1::Item& message) { return FromProto(message); }
Converted<User> ReadUser(const v1::User& message) { return FromProto(message); }

void ReadPlacement(const std::uint8_t* data, std::size_t size) {
  const auto read = FromProto(Parsed<v1::Placement>(data, size));
  if (!read.violations.empty()) return;
  const auto again = FromProto(ToProto(Placements::Entry{.placement = read.value}));
  if (!again.violations.empty()) std::abort();
}

void Recommend(const std::uint8_t* data, std::size_t size) {
  const auto message = Parsed<v1::RecommendItemsRequest>(data, size);
  const auto request = FromProto(message);
  if (!request.ok()) return;
  const auto reply = AnEngine().Recommend(*request);
  if (!reply.ok()) return;
  v1::RecommendItemsResponse response;
  SetReply(*reply, message.view(), response);
  (void)response.SerializeAsString();
}

void RecommendRows(const std::uint8_t* data, std::size_t size) {
  const auto message = Parsed<v1::BatchRecommendItemsRequest>(data, size);
  const auto rows = FromProto(message);
  if (!rows.ok()) return;
  const auto replies = AnEngine().RecommendRows(*rows);
  if (!replies.ok()) return;
  v1::BatchRecommendItemsResponse response;
  SetReply(*replies, message, response);
}

void Similar(const std::uint8_t* data, std::size_t size) {
  const auto message = Parsed<v1::SimilarItemsRequest>(data, size);
  const auto request = FromProto(message);
  if (request.ok()) (void)AnEngine().Similar(*request);
}

void Rank(const std::uint8_t* data, std::size_t size) {
  const auto message = Parsed<v1::RankItemsRequest>(data, size);
  const auto request = FromProto(message);
  if (request.ok()) (void)AnEngine().Rank(*request);
}

void Explain(const std::uint8_t* data, std::size_t size) {
  const auto message = Parsed<v1::ExplainRecommendationRequest>(data, size);
  const auto request = FromProto(message);
  if (request.ok()) (void)AnEngine().ExplainItem(*request);
}

void ReadOthers(const std::uint8_t* data, std::size_t size) {
  (void)FromProto(Parsed<v1::Inventory>(data, size));
  (void)FromProto(Parsed<v1::FeatureDefinition>(data, size));
  (void)FromProto(Parsed<v1::PutFeatureValue>(data, size), kNow);
  (void)FromProto(Parsed<v1::PredictPurchaseRequest>(data, size));
  (void)FromProto(Parsed<v1::GetPlacementReportRequest>(data, size));
}

}  // namespace

// The first byte says which message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Try = void (*)(const std::uint8_t*, std::size_t);
  constexpr std::array<Try, 10> kTries = {Value<v1::Event, ReadEvent>,
                                          Value<v1::Item, ReadItem>,
                                          Value<v1::User, ReadUser>,
                                          ReadPlacement,
                                          Recommend,
                                          RecommendRows,
                                          Similar,
                                          Rank,
                                          Explain,
                                          ReadOthers};
  if (size == 0) return 0;
  kTries.at(data[0] % kTries.size())(data + 1, size - 1);
  return 0;
}
