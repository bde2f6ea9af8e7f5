#include "cli/import/shop_writer.h"

#include <future>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

class StoreWriter final : public ShopWriter {
 public:
  explicit StoreWriter(FeatureStore& store) : store_(store) {}

  void Write(Mutation batch, Done done) override {
    store_.Write(std::move(batch), std::move(done));
  }
  std::size_t max_in_flight() const override { return 8; }

 private:
  FeatureStore& store_;
};

class TsvWriter final : public ShopWriter {
 public:
  TsvWriter(std::ostream& output, const EventWeights& weights)
      : output_(output), weights_(weights) {}

  void Write(Mutation batch, Done done) override {
    const auto* events = std::get_if<RecordEvents>(&batch);
    if (events == nullptr) {
      return done(absl::InvalidArgumentError("only events can be written as a TSV file"));
    }
    for (const Event& event : events->events) WriteEvent(event);
    if (!output_.good()) return done(absl::UnavailableError("the TSV file cannot be written"));
    WriteResult result;
    result.outcomes.assign(events->events.size(), EventOutcome::kRecorded);
    done(std::move(result));
  }

  std::size_t max_in_flight() const override { return 1; }

 private:
  void WriteEvent(const Event& event) {
    const std::string& shopper = event.user_id.empty() ? event.visitor_id : event.user_id;
    for (const EventItem& item : event.items) {
      const auto value = static_cast<float>(event.rating.value_or(item.quantity));
      const float weight = weights_.Of(event.type, value);
      if (weight == 0) continue;
      output_ << absl::StrFormat("%s\t%s\t%g\t%d\n", shopper, item.item_id, weight,
                                 event.time_us / kMicrosPerSecond);
    }
  }

  std::ostream& output_;
  EventWeights weights_;
};

}  // namespace

absl::StatusOr<WriteResult> WriteAndWait(ShopWriter& writer, Mutation batch) {
  std::promise<absl::StatusOr<WriteResult>> promise;
  auto result = promise.get_future();
  writer.Write(std::move(batch), [&promise](absl::StatusOr<WriteResult> done) {
    promise.set_value(std::move(done));
  });
  return result.get();
}

std::unique_ptr<ShopWriter> MakeStoreWriter(FeatureStore& store) {
  return std::make_unique<StoreWriter>(store);
}

std::unique_ptr<ShopWriter> MakeTsvWriter(std::ostream& output, const EventWeights& weights) {
  return std::make_unique<TsvWriter>(output, weights);
}

}  // namespace vitrine::cli
