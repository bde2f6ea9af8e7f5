// The published numbers and the bars of docs/results.md, with the commands of docs/, on public data
// sets. VITRINE_DATA names the folder that holds gowalla/{train,test}.txt.xz,
// lastfm/{train,test}.tsv.xz, amazon-beauty/sequences.txt.xz, online-retail/online_retail.csv.xz,
// online-shoppers/online_shoppers_intention.csv.xz, eshop-clothing/eshop_clothing_2008.csv.xz and
// ml-latest-small/ratings.csv.xz; without it these tests are skipped.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::DoubleNear;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::TemporaryFolder;
using Json = nlohmann::json;

// What the command prints. It must succeed.
std::string Output(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return "";
  }
  std::string text;
  char buffer[4096];
  for (std::size_t count = 1; count > 0;) {
    count = std::fread(buffer, 1, sizeof buffer, pipe);
    text.append(buffer, count);
  }
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << ": status " << status;
  return text;
}

class RealDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const data = std::getenv("VITRINE_DATA");
    if (data == nullptr || *data == '\0') {
      GTEST_SKIP() << "VITRINE_DATA is not set; it names the folder of the public data sets";
    }
    data_ = data;
  }

  // Unpacks VITRINE_DATA/NAME.xz to `as` in this test's folder, and returns the path.
  std::string Unpack(const std::string& name, const std::string& as) const {
    const std::string path = folder_ / as;
    Output("xz -dc '" + data_ + "/" + name + ".xz' >'" + path + "'");
    return path;
  }

  // What awk, with `arguments`, makes of VITRINE_DATA/NAME.xz, at the path that is returned.
  std::string Rewrite(const std::string& name, const std::string& arguments) const {
    const std::string path = folder_ / "rewritten.tsv";
    Output("xz -dc '" + data_ + "/" + name + ".xz' | TZ=UTC awk " + arguments + " >'" + path + "'");
    return path;
  }

  // The JSON that `vitrine ARGUMENTS --json` prints; null when it prints none.
  static Json Run(const std::string& arguments) {
    const std::string text = Output(std::string(VITRINE_BINARY) + " " + arguments + " --json");
    Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(json.is_object()) << arguments << " printed: " << text;
    if (!json.is_object()) return Json::object();
    std::printf("%s\n", json.dump().substr(0, 600).c_str());
    return json;
  }

  Json EvaluateGowalla(const std::string& scorer) const {
    const std::string train = Unpack("gowalla/train.txt", "train.txt");
    const std::string test = Unpack("gowalla/test.txt", "test.txt");
    return Run("evaluate --train '" + train + "' --test '" + test +
               "' --format pairs-by-user --scorer " + scorer);
  }

  const TemporaryFolder folder_;
  std::string data_;
};

double Metric(const Json& json, const std::string& name) { return json.value(name, -1.0); }

TEST_F(RealDataTest, MostPopularOnGowallaIsTheReferenceToFourDigits) {
  const Json json = EvaluateGowalla("most_popular --set half_life_days=0 --set binary=true");

  EXPECT_EQ(json.value("users", 0), 29'858);
  EXPECT_THAT(Metric(json, "recall@20"), DoubleNear(0.0416, 0.0001));
  EXPECT_THAT(Metric(json, "ndcg@20"), DoubleNear(0.0317, 0.0001));
}

TEST_F(RealDataTest, SequentialRulesOnBeautyReachTheBars) {
  const std::string file = Unpack("amazon-beauty/sequences.txt", "sequences.txt");

  const Json json = Run("evaluate --protocol leave-last-out --data '" + file +
                        "' --format sequences --at 10 --negatives 0 --scorer sequential_rules");

  EXPECT_GE(Metric(json, "hit@10"), 0.083);
  EXPECT_GE(Metric(json, "ndcg@10"), 0.0515);
}

TEST_F(RealDataTest, SessionKnnOnClothingReachesTheBars) {
  // Session, model, weight, time: the click's number in the session stands for the second.
  const std::string file =
      Rewrite("eshop-clothing/eshop_clothing_2008.csv",
              R"(-F';' 'NR > 1 {print $6 "\t" $8 "\t1\t" mktime($1 " " $2 " " $3 " 0 0 " $4)}')");

  const Json json = Run("evaluate --protocol session-prefix --data '" + file +
                        "' --at 10 --negatives 0 --scorer session_knn");

  EXPECT_GE(Metric(json, "hit@10"), 0.4927);
  EXPECT_GE(Metric(json, "mrr@10"), 0.2262);
}

using SlowRealDataTest = RealDataTest;

TEST_F(RealDataTest, OneNetworkForOnlineShoppersReachesTheBars) {
  const std::string file = Unpack("online-shoppers/online_shoppers_intention.csv", "sessions.csv");
  const Json json = Run("evaluate --protocol classification --data '" + file +
                        "' --label Revenue --set members=1 "
                        "--categories OperatingSystems,Browser,Region,TrafficType");
  const Json means = json.value("means", Json::object());
  EXPECT_EQ(json["pooled"].value("rows", 0), 12'330);
  EXPECT_GE(means.value("auc", 0.0), 0.925);
  EXPECT_GE(means.value("accuracy", 0.0), 0.895);
  EXPECT_GE(means.value("f1", 0.0), 0.65);
}

TEST_F(SlowRealDataTest, IalsOnGowallaReachesTheReference) {
  const Json json =
      EvaluateGowalla("ials --set dimensions=128 --set lambda=0.003 --set unobserved_weight=0.01");

  EXPECT_GE(Metric(json, "recall@20"), 0.160);
  EXPECT_GE(Metric(json, "ndcg@20"), 0.134);
}

TEST_F(SlowRealDataTest, Rp3BetaOnGowallaReachesTheBars) {
  const Json json = EvaluateGowalla("rp3beta --set alpha=0.566 --set beta=0.001");

  EXPECT_GE(Metric(json, "recall@20"), 0.182);
  EXPECT_GE(Metric(json, "ndcg@20"), 0.151);
}

TEST_F(SlowRealDataTest, RatingMfOnMovieLensReachesTheBar) {
  const std::string file =
      Rewrite("ml-latest-small/ratings.csv", R"(-F, 'NR > 1 {print $1 "\t" $2 "\t" $3 "\t" $4}')");

  const Json json = Run("evaluate --protocol ratings --data '" + file + "' --scorer rating_mf");

  EXPECT_LE(json.value("rmse", 9.0), 0.8671);
}

TEST_F(SlowRealDataTest, AutoOnLastfmIsBetterThanAnyScorerAlone) {
  const std::string files = " --train '" + Unpack("lastfm/train.tsv", "train.tsv") + "' --test '" +
                            Unpack("lastfm/test.tsv", "test.tsv") + "'";
  const Json chosen = Run("evaluate --scorer auto" + files);

  for (const std::string name : {"most_popular", "item_knn", "ials", "ease", "graph_filter"}) {
    const Json alone = Run("evaluate --scorer " + name + files);
    EXPECT_GT(Metric(chosen, "ndcg@20"), Metric(alone, "ndcg@20")) << name;
    EXPECT_GT(Metric(chosen, "recall@20"), Metric(alone, "recall@20")) << name;
  }
}

// Rejected rows by reason.
std::map<std::string, int> Rejected(const Json& json) {
  std::map<std::string, int> counts;
  const Json rejected = json.value("rejected", Json::object());
  for (const auto& [reason, rows] : rejected.items()) {
    counts[reason] = rows.value("count", -1);
  }
  return counts;
}

class OnlineRetailTest : public RealDataTest {
 protected:
  Json ImportItems() const {
    return Run("import --store '" + store_ + "' --items '" + rows_ +
               "' --currency GBP --map id=StockCode,title=Description,price=UnitPrice "
               "--when 'Description=:reject=no-description' --when 'UnitPrice<=0:reject=no-price'");
  }

  Json ImportEvents() const {
    return Run("import --store '" + store_ + "' --events '" + rows_ +
               "' --currency GBP --event-type purchase-complete --time-zone Europe/London "
               "--map user_id=CustomerID:integer,item_id=StockCode,event_time=InvoiceDate "
               "--map quantity=Quantity,unit_price=UnitPrice,order_id=InvoiceNo "
               "--when 'InvoiceNo^=C:return-complete' "
               "--when 'Quantity<=0:reject=quantity-not-positive' "
               "--when 'UnitPrice<=0:reject=price-not-positive'");
  }

  void SetUp() override {
    RealDataTest::SetUp();
    if (IsSkipped()) return;
    rows_ = Unpack("online-retail/online_retail.csv", "online_retail.csv");
  }

  std::map<EventType, int> CountEvents() const {
    std::map<EventType, int> counts;
    SetLogLevel(LogLevel::kWarning);
    const auto store =
        FeatureStore::Open(store_, {.is_read_only = true}, LocalFileSystem(), SystemClock());
    SetLogLevel(LogLevel::kInfo);
    EXPECT_THAT(store, IsOk());
    if (!store.ok()) return counts;
    EXPECT_THAT((*store)->ReadEvents(0,
                                     [&](std::uint64_t, const Event& event) {
                                       ++counts[event.type];
                                       return true;
                                     }),
                IsOk());
    return counts;
  }

  std::string rows_;
  const std::string store_ = folder_ / "store";
};

TEST_F(OnlineRetailTest, EveryRowIsWrittenOrRejectedForAReasonAndASecondImportAddsNothing) {
  const Json items = ImportItems();
  EXPECT_EQ(items.value("rows", 0), 541'909);
  EXPECT_EQ(
      items.value("written", 0) + items.value("superseded", 0) + items.value("rejected_rows", 0),
      541'909);
  EXPECT_EQ(Rejected(items),
            (std::map<std::string, int>{{"no-description", 1'454}, {"no-price", 1'063}}));

  const std::map<EventType, int> expected = {{EventType::kPurchaseComplete, 397'884},
                                             {EventType::kReturnComplete, 8'905}};
  const Json events = ImportEvents();
  EXPECT_EQ(events.value("rows", 0), 541'909);
  EXPECT_EQ(events.value("written", 0), 406'789);
  EXPECT_EQ(events.value("rejected_rows", 0), 135'120);
  EXPECT_EQ(Rejected(events), (std::map<std::string, int>{{"no-customer", 132'603},
                                                          {"price-not-positive", 1'181},
                                                          {"quantity-not-positive", 1'336}}));
  EXPECT_EQ(CountEvents(), expected);

  const Json again = ImportEvents();
  EXPECT_EQ(again.value("written", -1), 0);
  EXPECT_EQ(again.value("duplicates", 0) + again.value("resumed", 0), 406'789);
  EXPECT_EQ(again.value("rejected_rows", 0), 135'120);
  EXPECT_EQ(CountEvents(), expected);
}

// The cleaned purchases, split by time.
class OnlineRetailProtocolTest : public OnlineRetailTest {
 protected:
  void SetUp() override {
    OnlineRetailTest::SetUp();
    if (IsSkipped()) return;
    const Json json =
        Run("import --tsv '" + tsv_ + "' --events '" + rows_ +
            "' --event-type purchase-complete "
            "--map user_id=CustomerID:integer,item_id=StockCode,event_time=InvoiceDate "
            "--map quantity=Quantity --when 'InvoiceNo^=C:reject=cancelled' "
            "--when 'Quantity<=0:reject=quantity-not-positive' "
            "--when 'UnitPrice<=0:reject=price-not-positive'");
    ASSERT_EQ(json.value("written", 0), 397'884);
  }

  Json Evaluate(const std::string& arguments) const {
    return Run("evaluate --protocol temporal --cut 2011-09-10 --data '" + tsv_ + "' --scorer " +
               arguments);
  }

  const std::string tsv_ = folder_ / "retail.tsv";
};

TEST_F(OnlineRetailProtocolTest, NewItemsAndRepeatsAreMeasuredAsTheReferencesAre) {
  const std::string undecayed = "most_popular --set half_life_days=0 --set binary=true";
  const Json popular = Evaluate(undecayed);
  const Json item_knn = Evaluate("item_knn");
  const Json blend = Evaluate("blend");
  const Json repeats = Evaluate(undecayed + " --repeats");

  EXPECT_EQ(popular.value("users", 0), 1'853);
  EXPECT_THAT(Metric(popular, "ndcg@20"), DoubleNear(0.0509, 0.0005));
  EXPECT_GE(Metric(item_knn, "ndcg@20"), 0.107);
  EXPECT_GE(Metric(blend, "ndcg@20"), 0.115);
  EXPECT_EQ(repeats.value("users", 0), 1'919);
  EXPECT_THAT(Metric(repeats, "ndcg@20"), DoubleNear(0.1045, 0.0005));
}

TEST_F(OnlineRetailProtocolTest, NewItemsRepeatsAndTheNextBasketReachTheBars) {
  const Json new_items = Evaluate("ease");
  const Json repeats = Evaluate("auto --repeats");
  const Json basket = Run("evaluate --protocol next-basket --data '" + tsv_ +
                          "' --at 10 --negatives 0 --scorer repeat_purchase");

  EXPECT_GE(Metric(new_items, "ndcg@20"), 0.116);
  EXPECT_GE(Metric(repeats, "ndcg@20"), 0.30);
  EXPECT_GE(Metric(basket, "recall@10"), 0.20);
  EXPECT_GE(Metric(basket, "ndcg@10"), 0.285);
}

}  // namespace
}  // namespace vitrine
