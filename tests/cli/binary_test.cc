// Runs the real binary as a shop's engineer would: a made-up shop, imported, trained, asked,
// measured and served.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

// `vitrine serve` on a free port, stopped at the end.
class ServerProcess {
 public:
  ServerProcess(const std::string& store, const std::string& config) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      execl(VITRINE_BINARY, "vitrine", "serve", "--store", store.c_str(), "--config",
            config.c_str(), "--listen", "127.0.0.1:0", nullptr);
      _exit(127);
    }
    close(ends[1]);
    std::string line;
    for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
    close(ends[0]);
    address_ = line.substr(line.rfind(' ') + 1);
  }
  ~ServerProcess() {
    if (pid_ > 0) Stop();
  }

  const std::string& address() const { return address_; }

  // The exit status after SIGTERM.
  int Stop() {
    kill(pid_, SIGTERM);
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  std::string address_;
};

TEST_F(BinaryTest, ImportWritesEveryRowOfAMadeUpShop) {
  std::istringstream lines(imported_);
  std::string line;
  for (const char* kind : {"items", "users", "events"}) {
    ASSERT_TRUE(std::getline(lines, line));
    const Json json = Json::parse(line);
    EXPECT_EQ(json["kind"], kind);
    EXPECT_EQ(json["rows"], json["written"]) << line;
    EXPECT_EQ(json["rejected_rows"], 0) << line;
  }
}

TEST_F(BinaryTest, TrainPublishesAVersionWithItsMetrics) {
  const Json json = Json::parse(trained_.out);

  EXPECT_THAT(json["version"].get<std::string>(), Not(::testing::IsEmpty()));
  EXPECT_GT(json["metrics"]["ndcg@20"].get<double>(), 0);
}

TEST_F(BinaryTest, RecommendAnswersFromAStore) {
  const Outcome outcome = Run("recommend --store STORE --user u-1 --count 5 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["items"].size(), 5U) << outcome.out;
  EXPECT_EQ(json["model_version"], Json::parse(trained_.out)["version"]);
}

TEST_F(BinaryTest, RecommendKeepsToAFilter) {
  const std::string ask = "recommend --store STORE --user u-1 --json";
  const Json all = Json::parse(Run(ask).out);
  const std::string last = all["items"].back()["item_id"];
  const Outcome one = Run(ask + " --filter 'id = \"" + last + "\"'");
  const Outcome none = Run(ask + " --filter 'price < 0'");
  const Outcome wrong = Run(ask + " --filter 'pirce < 20'");

  ASSERT_EQ(one.status, 0) << one.err;
  const Json kept = Json::parse(one.out)["items"];
  ASSERT_EQ(kept.size(), 1U) << one.out;
  EXPECT_EQ(kept[0]["item_id"], last);
  EXPECT_EQ(Json::parse(none.out)["items"].size(), 0U);
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("filter: column 1: \"pirce\"; expected a field"));
}

TEST_F(BinaryTest, RecommendTakesBoosts) {
  const std::string ask = "recommend --store STORE --user u-1 --json";
  const std::string last = Json::parse(Run(ask).out)["items"].back()["item_id"];

  const Outcome boosted = Run(ask + " --boost 'id = \"" + last + "\":1' --rotation 0.1");
  const Outcome wrong = Run(ask + " --boost 'pirce < 20:1'");

  ASSERT_EQ(boosted.status, 0) << boosted.err;
  EXPECT_EQ(Json::parse(boosted.out)["items"][0]["item_id"], last);
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("boosts[0].filter: column 1: \"pirce\""));
}

TEST_F(BinaryTest, EvaluateComparesAllScorersOnAStore) {
  const Outcome outcome = Run("evaluate --store STORE --config SMALL --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  std::vector<std::string> scorers;
  for (const Json& row : json["rows"]) scorers.push_back(row["scorer"]);
  EXPECT_THAT(scorers, ::testing::UnorderedElementsAre("most_popular", "content", "item_knn",
                                                       "ials", "blend"));
}

TEST_F(BinaryTest, EvaluateMeasuresOneScorerOnAStoreWhetherItServesOrNot) {
  const Outcome outcome = Run("evaluate --store STORE --config SMALL --scorer rp3beta --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["rows"].size(), 1u) << outcome.out;
  EXPECT_EQ(json["rows"][0]["scorer"], "rp3beta");
}

TEST_F(BinaryTest, EvaluateMeasuresScorersOnNewShoppersByTheirProfiles) {
  const Outcome outcome =
      Run("evaluate --store STORE --config SMALL --protocol new-shoppers --scorer two_tower "
          "--set epochs=2 --set dimensions=8 --set buckets=256 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["scorer"], "two_tower");
  EXPECT_GT(json["users"].get<int>(), 0);
}

TEST_F(BinaryTest, EvaluateBlendsByTheUsualWeightsWhereTooLittleIsLeftToLearnThem) {
  WriteText(*folder_ / "few.train", "u1\ta\nu2\tb\nu3\tc\n");
  WriteText(*folder_ / "few.test", "u1\tb\nu2\ta\n");

  const Outcome outcome =
      Run("evaluate --train DIR/few.train --test DIR/few.test --scorer blend --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["users"], 2);
}

TEST_F(BinaryTest, ImportMakesATsvThatEvaluateSplitsByTime) {
  ASSERT_EQ(Run("import --tsv DIR/shop.tsv --events SHOP/events.jsonl").status, 0);

  const Outcome outcome =
      Run("evaluate --protocol temporal --cut 2026-03-15 --data DIR/shop.tsv --scorer item_knn "
          "--at 5,20 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["scorer"], "item_knn");
  EXPECT_GT(json["users"].get<int>(), 0);
  EXPECT_GT(json["recall@20"].get<double>(), 0);
  EXPECT_GE(json["recall@20"].get<double>(), json["recall@5"].get<double>());
  EXPECT_GT(json["peak_rss_bytes"].get<double>(), 0);
}

TEST_F(BinaryTest, EvaluateReadsAFixedSplit) {
  WriteText(*folder_ / "train.txt", "u1 a b\nu2 a c\nu3 a b\n");
  WriteText(*folder_ / "test.txt", "u1 c\nu2 b\n");

  const Outcome outcome =
      Run("evaluate --train DIR/train.txt --test DIR/test.txt --format pairs-by-user "
          "--scorer most_popular --at 1 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  // u1 is left with c, u2 with b: both lists of one are right.
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["users"], 2);
  EXPECT_EQ(json["hit@1"], 1.0);
}

TEST_F(BinaryTest, EvaluateHoldsOneScorerAgainstAnother) {
  ASSERT_EQ(Run("import --tsv DIR/shop.tsv --events SHOP/events.jsonl").status, 0);

  const Outcome outcome =
      Run("evaluate --protocol next-basket --data DIR/shop.tsv --scorer item_knn --at 10 "
          "--against most_popular --against-set half_life_days=0 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  const Json& other = json["against"]["row"];
  EXPECT_EQ(other["settings"]["half_life_days"], "0");
  EXPECT_NEAR(json["against"]["differences"]["ndcg@10"]["difference"].get<double>(),
              json["ndcg@10"].get<double>() - other["ndcg@10"].get<double>(), 1e-12);
  EXPECT_GT(json["auc"], 0.5);
}

TEST_F(BinaryTest, TuneWritesAConfigThatEvaluateReadsAndOpensNoTestFile) {
  WriteText(*folder_ / "train.txt",
            "1 a b c d\n2 b c d e\n3 c d e f\n4 a c d e\n5 a b e f\n6 b c f a\n");
  WriteText(*folder_ / "test.txt", "1 e\n2 f\n");
  const std::string files = " --train DIR/train.txt --format pairs-by-user";

  const Outcome tuned =
      Run("tune --scorer item_knn --trials 6 --random 3 --metric ndcg@5 --test "
          "DIR/nowhere.txt --out DIR/tuned.toml --json" +
          files);
  const Outcome evaluated =
      Run("evaluate --scorer item_knn --config DIR/tuned.toml --at 5 "
          "--test DIR/test.txt --json" +
          files);

  ASSERT_EQ(tuned.status, 0) << tuned.err;
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  const Json end = Json::parse(tuned.out.substr(tuned.out.rfind("{\"scorer\"")));
  EXPECT_EQ(end["trials"], 6);
  EXPECT_THAT(ReadText(*folder_ / "tuned.toml"), HasSubstr("--format pairs-by-user"));
  EXPECT_EQ(Json::parse(evaluated.out)["settings"], end["settings"]);
}

TEST_F(BinaryTest, ReproduceMeasuresTheRowsAskedForAndKeepsTheOthers) {
  ASSERT_EQ(std::system(("mkdir -p " + *folder_ / "data/lastfm").c_str()), 0);
  WriteText(*folder_ / "data/lastfm/train.tsv", "1\ta\t1\n1\tb\t1\n2\tb\t1\n2\tc\t1\n");
  WriteText(*folder_ / "data/lastfm/test.tsv", "1\tc\t1\n");
  WriteText(
      *folder_ / "rows",
      "# A comment\n"
      "lastfm | most popular | served | recall@20>=0.9(-) hit@20>=0(0.5) | --scorer most_popular\n"
      "lastfm | too good | paper | recall@20>=1.5(-) | --scorer ease --set as_paper=true\n"
      "lastfm | no paper | paper | recall@20>=0(-) | --scorer most_popular\n"
      "lastfm | nobody | served | recall@20>=0(-) | --scorer nobody\n");
  WriteText(*folder_ / "results.md", "| lastfm | nobody | served | kept |\n| else | gone |\n");
  const std::string command = std::string("VITRINE=") + VITRINE_BINARY + " " + VITRINE_TEST_DATA +
                              "/../scripts/reproduce --rows " + *folder_ / "rows" + " --out " +
                              *folder_ / "results.md";
  const auto run = [&](const std::string& flags) {
    return std::system((command + flags + " " + *folder_ / "data" + " 2>/dev/null").c_str());
  };

  EXPECT_EQ(run(" --only 'popular|good'"), 0);
  const std::string results = ReadText(*folder_ / "results.md");
  EXPECT_NE(run(" --only nobody"), 0);  // There is no such scorer.
  EXPECT_NE(run(" --only paper"), 0);   // It has no form but the served one.

  EXPECT_THAT(results, HasSubstr("| lastfm | most popular | served | recall@20 **1.0000**, bar 0.9"
                                 "<br>hit@20 **1.0000**, published 0.5 | yes |"));
  EXPECT_THAT(results, HasSubstr("recall@20 **1.0000**, bar 1.5 | no |"));
  EXPECT_THAT(results, HasSubstr("--scorer ease --set as_paper=true --as-paper`"));
  EXPECT_THAT(results, HasSubstr("| lastfm | nobody | served | kept |"));
  EXPECT_THAT(results, Not(HasSubstr("gone")));
  EXPECT_THAT(ReadText(*folder_ / "results.md"), HasSubstr("| lastfm | nobody | served | kept |"));
}

TEST_F(BinaryTest, AServerTakesEventsAnswersMeasuresAndStopsCleanly) {
  ServerProcess server(*folder_ / "store", *folder_ / "small.toml");
  const std::string target = " --target " + server.address();
  ASSERT_THAT(server.address(), HasSubstr("127.0.0.1:"));
  EXPECT_THAT(Run("status" + target).out, AllOf(HasSubstr("SERVING"), Not(HasSubstr("NOT_"))));

  const Json before = Json::parse(Run("recommend --visitor new --count 5 --json" + target).out);
  WriteText(*folder_ / "more.jsonl", R"({"event_id":"m1","event_type":"add-to-cart",)"
                                     R"("visitor_id":"new","items":[{"item_id":")" +
                                         before["items"][0]["item_id"].get<std::string>() +
                                         "\"}]}\n");
  const Outcome recorded = Run("import --events DIR/more.jsonl --json" + target);
  const Json after = Json::parse(Run("recommend --visitor new --count 5 --json" + target).out);
  const std::string last = after["items"].back()["item_id"];
  const Outcome boosted = Run("recommend --visitor new --count 5 --json --exposure long-tail:0.1 " +
                              ("--boost 'id = \"" + last + "\":1'") + target);
  const Json again = Json::parse(Run("import --events DIR/more.jsonl --json" + target).out);
  const Outcome load =
      Run("bench --rpc RecommendItems --filter 'price > 0' --duration 0.3 --warm-up 0.1 --json" +
          target);
  const Outcome paced =
      Run("bench --rpc RecordEvents --duration 0.3 --warm-up 0.1 --rate 200 "
          "--concurrency 8 --json" +
          target);
  const Outcome beside = Run("recommend --store STORE --visitor new --count 5 --json");
  const Outcome second_writer = Run("import --store STORE --events DIR/more.jsonl");

  EXPECT_EQ(Json::parse(recorded.out)["written"], 1) << recorded.err;
  EXPECT_NE(before["items"], after["items"]);
  ASSERT_EQ(boosted.status, 0) << boosted.err;
  EXPECT_EQ(Json::parse(boosted.out)["items"][0]["item_id"], last);
  EXPECT_EQ(again["duplicates"], 1);
  EXPECT_EQ(Json::parse(load.out)["errors"], 0) << load.err;
  EXPECT_GT(Json::parse(load.out)["calls"].get<int>(), 10);
  EXPECT_EQ(Json::parse(paced.out)["errors"], 0) << paced.err;
  EXPECT_GT(Json::parse(paced.out)["p50_us"].get<double>(), 0);
  EXPECT_EQ(beside.status, 0) << beside.err;
  const Outcome profile = Run("user --visitor new --json" + target);
  EXPECT_EQ(profile.status, 0) << profile.err;
  EXPECT_THAT(profile.out, HasSubstr(R"({"name":"carts","value":1,"status":"present")"));
  EXPECT_THAT(Run("user --visitor new" + target).out, HasSubstr("features are missing"));
  EXPECT_EQ(Run("user --user nobody-at-all" + target).status, 1);
  EXPECT_EQ(second_writer.status, 1);
  EXPECT_THAT(second_writer.err, HasSubstr("--target"));
  EXPECT_EQ(server.Stop(), 0);
}

// The Unix time before which four fifths of the rows of a TSV are.
std::string FourFifths(const std::string& tsv) {
  std::vector<long> times;
  std::ifstream file(tsv);
  for (std::string line; std::getline(file, line);) {
    times.push_back(std::stol(line.substr(line.rfind('\t') + 1)));
  }
  if (times.empty()) return "0";
  std::sort(times.begin(), times.end());
  return std::to_string(times[times.size() * 4 / 5]);
}

TEST_F(BinaryTest, AutoIsBetterThanTheUsualScorersOnShopsOfAnyShape) {
  for (const std::string shape : {"--items 300 --users 400 --events 12000 --seed 1",
                                  "--items 1500 --users 800 --events 30000 --seed 2",
                                  "--items 100 --users 2000 --events 30000 --seed 3"}) {
    ASSERT_EQ(Run("simulate --out DIR/made " + shape).status, 0);
    ASSERT_EQ(Run("import --tsv DIR/made.tsv --events DIR/made/events.jsonl").status, 0);
    const std::string data = "evaluate --protocol temporal --data DIR/made.tsv --json --cut " +
                             FourFifths(Filled("DIR/made.tsv"));
    const auto ndcg = [&](const std::string& scorer) {
      const Outcome outcome = Run(data + " --scorer " + scorer);
      return Json::parse(outcome.out, nullptr, false).value("ndcg@20", -1.0);
    };
    const double chosen = ndcg("auto");
    for (const std::string scorer : {"most_popular", "item_knn", "ials"}) {
      EXPECT_GT(chosen, ndcg(scorer)) << scorer << ", " << shape;
    }
  }
}

}  // namespace
}  // namespace vitrine::cli
