// What docs/insight.md says of UCI Online Retail, with the commands of docs/. VITRINE_DATA names
// the folder that holds online-retail/online_retail.csv.xz; without it these tests are skipped.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/insight/insight.h"
#include "vitrine/math/cluster_quality.h"

namespace vitrine {
namespace {

using ::vitrine::testing::IsOk;
using ::vitrine::testing::TemporaryFolder;

bool Succeeds(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The store of docs/cli.md's example, imported once.
class OnlineRetailInsightTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* const data = std::getenv("VITRINE_DATA");
    if (data == nullptr || *data == '\0') return;
    folder_ = std::make_unique<TemporaryFolder>();
    const std::string rows = *folder_ / "online_retail.csv";
    ASSERT_TRUE(Succeeds("xz -dc '" + std::string(data) +
                         "/online-retail/online_retail.csv.xz' >'" + rows + "'"));
    ASSERT_TRUE(
        Succeeds(std::string(VITRINE_BINARY) + " import --store '" + (*folder_ / "store") +
                 "' --events '" + rows +
                 "' --currency GBP --event-type purchase-complete --time-zone Europe/London "
                 "--map user_id=CustomerID:integer,item_id=StockCode,event_time=InvoiceDate "
                 "--map quantity=Quantity,unit_price=UnitPrice,order_id=InvoiceNo "
                 "--when 'InvoiceNo^=C:return-complete' "
                 "--when 'Quantity<=0:reject=quantity-not-positive' "
                 "--when 'UnitPrice<=0:reject=price-not-positive' >/dev/null"));
    SetLogLevel(LogLevel::kWarning);
    auto store = FeatureStore::Open(*folder_ / "store", {.is_read_only = true}, LocalFileSystem(),
                                    SystemClock());
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }
  static void TearDownTestSuite() {
    store_.reset();
    folder_.reset();
  }

  void SetUp() override {
    if (folder_ == nullptr) {
      GTEST_SKIP() << "VITRINE_DATA is not set; it names the folder of the public data sets";
    }
    ASSERT_NE(store_, nullptr);
  }

  static Insight Make(const InsightOptions& options) {
    ThreadPool pool(2);
    auto insight = MakeInsight(*store_, options, pool);
    EXPECT_THAT(insight, IsOk());
    return insight.ok() ? *std::move(insight) : Insight();
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<FeatureStore> store_;
};

std::unique_ptr<TemporaryFolder> OnlineRetailInsightTest::folder_;
std::unique_ptr<FeatureStore> OnlineRetailInsightTest::store_;

TEST_F(OnlineRetailInsightTest, TheRfmGridIsThatOfPandas) {
  std::ifstream golden(std::string(VITRINE_TEST_DATA) + "/insight/online_retail_rfm.txt");
  std::size_t customers = 0;
  std::size_t orders = 0;
  std::int64_t value_micros = 0;
  ASSERT_TRUE(golden >> customers >> orders >> value_micros);
  std::map<std::vector<std::size_t>, std::size_t> expected;
  std::size_t r = 0, f = 0, m = 0, count = 0;
  while (golden >> r >> f >> m >> count) expected[{r, f, m}] = count;

  const Insight insight = Make({.time_zone = "Europe/London"});

  std::map<std::vector<std::size_t>, std::size_t> seen;
  for (std::size_t i = 0; i < kRfmScores; ++i) {
    for (std::size_t j = 0; j < kRfmScores; ++j) {
      for (std::size_t k = 0; k < kRfmScores; ++k) {
        const std::size_t in_cell = insight.rfm.counts[i][j][k];
        if (in_cell > 0) seen[{i + 1, j + 1, k + 1}] = in_cell;
      }
    }
  }
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(insight.rfm.num_buyers, customers);
  EXPECT_EQ(insight.overview.all.orders, orders);
  EXPECT_EQ(insight.overview.all.value_micros, value_micros);
  EXPECT_EQ(insight.overview.num_returns, 8'905);
}

TEST_F(OnlineRetailInsightTest, SegmentsAreTheSameWithFiveSeeds) {
  const Insight first = Make({.seed = 1});

  for (const std::uint64_t seed : {2U, 3U, 4U, 5U}) {
    const Insight other = Make({.seed = seed});
    EXPECT_GE(AdjustedRandIndex(first.segmentation.segment_of, other.segmentation.segment_of), 0.8);
  }
}

}  // namespace
}  // namespace vitrine
