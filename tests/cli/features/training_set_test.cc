#include "cli/features/training_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/behaviour/registry.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::vitrine::testing::FakeClock;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

constexpr Micros kStart = FakeClock::kStart;
constexpr Micros kHour = 3'600 * kMicrosPerSecond;

Event Did(EventType type, const std::string& user, Micros time_us) {
  return {.type = type, .user_id = user, .time_us = time_us, .items = {{.item_id = "mug"}}};
}

// A store in which ann orders at kStart + 1 h, and of which a view at kStart comes five hours late.
class TrainingSetTest : public ::testing::Test {
 protected:
  TrainingSetTest() {
    SetLogLevel(LogLevel::kError);
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
    clock_.Set(kStart + kHour);
    Event order = Did(EventType::kPurchaseComplete, "ann", kStart + kHour);
    order.revenue = Money{12'500'000, "EUR"};
    Record(order);
    clock_.Set(kStart + 5 * kHour);
    Record(Did(EventType::kDetailPageView, "ann", kStart));
  }
  ~TrainingSetTest() override { SetLogLevel(LogLevel::kInfo); }

  void Record(const Event& event) { EXPECT_THAT(store_->Write(RecordEvents{{event}}), IsOk()); }

  // Labels of ann and the mug at these times, with one column "y" of the label.
  static Labels At(const std::vector<Micros>& times, const std::string& item = "mug") {
    Labels labels{.columns = {"y", "user_id"}, .has_shoppers = true, .has_items = !item.empty()};
    for (const Micros time : times) {
      labels.rows.push_back({"a, b", "ann"});
      labels.questions.push_back({.user_id = "ann", .item_id = item, .time_us = time});
    }
    return labels;
  }

  TrainingSet Make(const Labels& labels, const TrainingSetOptions& options) {
    auto set = MakeTrainingSet(*store_, labels, options);
    EXPECT_THAT(set, IsOk());
    return set.ok() ? *std::move(set) : TrainingSet();
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(TrainingSetTest, ARowHasWhatHadArrivedByItsTimeInTheOrderAskedFor) {
  const TrainingSet set = Make(At({kStart, kStart + 2 * kHour, kStart + 6 * kHour}),
                               {.features = {"item_views", "orders", "revenue", "views"}});

  EXPECT_EQ(set.csv,
            "y,user_id,item_views,orders,revenue,views\n"
            "\"a, b\",ann,0,0,,0\n"      // Nothing yet: defaults, and nothing where there is none.
            "\"a, b\",ann,0,1,12.5,0\n"  // The view happened, and is not known.
            "\"a, b\",ann,1,1,12.5,1\n");
  EXPECT_EQ(set.num_rows, 3);
  EXPECT_EQ(set.num_known, 2);
  EXPECT_EQ(set.columns[2].num_missing, 1);
}

TEST_F(TrainingSetTest, ByEventTimeALateEventIsKnownWhenItHappened) {
  const TrainingSet set = Make(At({kStart + kHour}), {.features = {"views", "orders"},
                                                      .known_since = KnownSince::kEventTime});

  EXPECT_EQ(set.csv, "y,user_id,views,orders\n\"a, b\",ann,1,1\n");
}

TEST_F(TrainingSetTest, StrictlyBeforeTheLabelItsOwnEventIsNotKnown) {
  const TrainingSet set = Make(
      At({kStart + kHour}),
      {.features = {"views", "orders"}, .known_since = KnownSince::kEventTime, .is_strict = true});

  EXPECT_EQ(set.csv, "y,user_id,views,orders\n\"a, b\",ann,1,0\n");
}

TEST_F(TrainingSetTest, EveryFeatureThatFitsTheLabelsIsThereUnlessSomeAreNamed) {
  const TrainingSet all = Make(At({kStart + kHour}), {});
  const TrainingSet of_users = Make(At({kStart + kHour}, ""), {});

  EXPECT_THAT(all.columns, SizeIs(BehaviourFeatures().size()));
  EXPECT_THAT(of_users.csv, AllOf(HasSubstr(",orders,"), Not(HasSubstr("item_"))));
}

TEST_F(TrainingSetTest, ARowWithoutAnItemHasNoFeaturesOfItems) {
  Labels labels = At({kStart + 6 * kHour});
  labels.questions[0].item_id.clear();

  EXPECT_EQ(Make(labels, {.features = {"item_views", "views"}}).csv,
            "y,user_id,item_views,views\n\"a, b\",ann,,1\n");
}

TEST_F(TrainingSetTest, ANameThatIsNoneOrDoesNotFitTheLabelsIsAnError) {
  const auto complaint = [&](const std::vector<std::string>& names, const std::string& item) {
    const auto set = MakeTrainingSet(*store_, At({kStart}, item), {.features = names});
    EXPECT_THAT(set, StatusIs(absl::StatusCode::kInvalidArgument));
    return std::string(set.status().message());
  };

  EXPECT_THAT(complaint({"order"}, "mug"),
              AllOf(HasSubstr("\"order\", which is no behaviour feature"),
                    HasSubstr("did you mean orders")));
  EXPECT_THAT(complaint({"item_views"}, ""),
              HasSubstr("item_views, a feature of items, and the labels have no column item_id"));
  EXPECT_THAT(complaint({"views", "views"}, "mug"), HasSubstr("two columns views"));
}

TEST_F(TrainingSetTest, WhenNothingWasKnownTheReportSaysWhatToTry) {
  const TrainingSet nothing = Make(At({kStart}), {.features = {"views"}});
  const TrainingSet some = Make(At({kStart + 6 * kHour}), {.features = {"views", "revenue"}});

  EXPECT_THAT(TrainingSetText("t.csv", nothing),
              AllOf(HasSubstr("0 of 1 rows"), HasSubstr("--known-since event-time")));
  EXPECT_THAT(TrainingSetText("t.csv", some),
              AllOf(HasSubstr("t.csv: 1 rows, 2 columns of labels, 2 features"),
                    HasSubstr("currency units"), Not(HasSubstr("--known-since"))));
  const auto json = nlohmann::json::parse(TrainingSetJson("t.csv", some));
  EXPECT_EQ(json["rows_known"], 1);
  EXPECT_EQ(json["features"][1]["unit"], "currency units");
}

TEST(FeatureCellTest, EveryTypeHasAFormThatIsReadBack) {
  EXPECT_EQ(FeatureCell(std::monostate()), "");
  EXPECT_EQ(FeatureCell(std::int64_t{1'767'225'600'000'000}), "1767225600000000");
  EXPECT_EQ(FeatureCell(std::int64_t{100'000}), "100000");
  EXPECT_EQ(FeatureCell(0.1), "0.1");
  EXPECT_EQ(FeatureCell(std::string("Home > Mugs")), "Home > Mugs");
  EXPECT_EQ(FeatureCell(WeightedNames{{"Mugs", 0.75}, {"a \"b\"", 0.25}}),
            R"({"Mugs":0.75,"a \"b\"":0.25})");
}

}  // namespace
}  // namespace vitrine::cli
