// Somebody is erased from a server that has learned from them. Nothing that names them is left: in
// no file of the store or its models, in no backup, and in no byte of memory after a restart. Nor
// does a backup of before bring them back.

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "cli/binary_fixture.h"
#include "cli/process_memory.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using vitrine::testing::FindInMemory;
using vitrine::testing::ServerChild;

constexpr int kNumEvents = 16;

class ErasureBinaryTest : public BinaryTest {
 protected:
  // What names the person: ids, the ids of events, what they searched for, what their profile says.
  static std::vector<std::string> Secrets() {
    std::vector<std::string> secrets = {"erased-person-4711", "erased-phone-0815",
                                        "zebra striped umbrella", "profile-of-the-erased"};
    for (int i = 0; i < kNumEvents; ++i) secrets.push_back(EventId(i));
    return secrets;
  }
  static std::string EventId(int i) { return "erased-event-" + std::to_string(1000 + i) + "-x"; }

  static std::string AnItem() {
    const std::string items = ReadText(Filled("SHOP/items.csv"));
    const std::size_t row = items.find('\n') + 1;
    return items.substr(row, items.find(',', row) - row);
  }

  // Views and purchases of the shop's items, and searches, some of them before the login. `where`:
  // the flag that names the store or the server.
  static void RecordPerson(const std::string& where) {
    const std::string item = AnItem();
    std::string lines;
    for (int i = 0; i < kNumEvents; ++i) {
      const bool is_search = i % 4 == 0;
      nlohmann::json event = {{"event_id", EventId(i)}};
      event[i % 3 == 0 ? "visitor_id" : "user_id"] =
          i % 3 == 0 ? "erased-phone-0815" : "erased-person-4711";
      event["type"] = is_search ? "search" : i % 4 == 1 ? "purchase-complete" : "detail-page-view";
      if (is_search) {
        event["search_query"] = "zebra striped umbrella";
      } else {
        event["item_id"] = item;
      }
      lines += event.dump() + "\n";
    }
    WriteText(Filled("DIR/person.jsonl"), lines);
    WriteText(Filled("DIR/profile.jsonl"),
              R"({"user_id": "erased-person-4711", "attributes.note": "profile-of-the-erased"})"
              "\n");
    const Outcome recorded =
        Run("import" + where + " --events DIR/person.jsonl --users DIR/profile.jsonl");
    ASSERT_EQ(recorded.status, 0) << recorded.err;
  }

  static std::set<std::string> FindInFiles(const std::string& folder) {
    std::set<std::string> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(Filled(folder))) {
      if (!file.is_regular_file()) continue;
      const std::string bytes = ReadText(file.path());
      for (const std::string& secret : Secrets()) {
        if (bytes.find(secret) != std::string::npos) found.insert(secret);
      }
    }
    return found;
  }
};

TEST_F(ErasureBinaryTest, NoFileNoModelNoBackupAndNoMemoryNamesTheErased) {
  WriteText(Filled("DIR/models.toml"),
            "[models.ials]\ndimensions = 8\nepochs = 2\n[lifecycle]\nauto_train_events = 0\n"
            "models = [\"ials\", \"item_knn\", \"user_knn\", \"content\"]\n");
  {
    ServerChild server(Filled("STORE"), Filled("DIR/models.toml"), Filled("DIR/log"));
    const std::string target = " --target " + server.WaitForAddress();
    RecordPerson(target);
    const Outcome trained = Run("train --force" + target);
    ASSERT_EQ(trained.status, 0) << trained.err;
    ASSERT_EQ(FindInFiles("STORE").size(), Secrets().size());
    const auto in_memory = FindInMemory(server.id(), Secrets());
    if (in_memory.has_value()) {
      EXPECT_THAT(*in_memory, IsSupersetOf({"erased-person-4711", "profile-of-the-erased"}));
    }

    // The phone was never merged into the user, so it is a person of its own.
    for (const char* who : {"--user erased-person-4711", "--visitor erased-phone-0815"}) {
      const Outcome erased = Run(std::string("user erase ") + who + target);
      ASSERT_EQ(erased.status, 0) << erased.err;
    }
    const Outcome backed_up = Run("backup --to DIR/backup" + target);
    ASSERT_EQ(backed_up.status, 0) << backed_up.err;
    EXPECT_THAT(FindInFiles("STORE"), IsEmpty());
    EXPECT_EQ(server.End(SIGTERM), 0);
  }
  EXPECT_THAT(FindInFiles("STORE"), IsEmpty());
  EXPECT_THAT(FindInFiles("DIR/backup"), IsEmpty());

  ServerChild again(Filled("STORE"), Filled("DIR/models.toml"), Filled("DIR/log"));
  const std::string address = again.WaitForAddress();
  ASSERT_EQ(Run("recommend --target " + address + " --user u00001").status, 0);

  const auto in_memory = FindInMemory(again.id(), Secrets());
  if (!in_memory.has_value()) {
    GTEST_SKIP() << "the files are clean; this process may not look into another's memory";
  }
  EXPECT_THAT(*in_memory, IsEmpty());
}

TEST_F(ErasureBinaryTest, ARestoreErasesWhoWasErasedSinceTheBackup) {
  ASSERT_EQ(Run("import --store DIR/old --items SHOP/items.csv --events SHOP/events.jsonl").status,
            0);
  const auto events = [](const std::string& store) -> int {
    return nlohmann::json::parse(Run("check --json --store " + store).out)["events"];
  };
  const int num_others = events("DIR/old");
  RecordPerson(" --store DIR/old");
  ASSERT_EQ(Run("train --store DIR/old --config SMALL").status, 0);
  ASSERT_EQ(Run("backup --store DIR/old --to DIR/before").status, 0);
  ASSERT_EQ(FindInFiles("DIR/before").size(), Secrets().size());
  WriteText(Filled("DIR/list"),
            "user erased-person-4711\nvisitor erased-phone-0815\nuser never-seen-1234\n");

  const Outcome restored =
      Run("restore --from DIR/before --store DIR/again --config SMALL --erased DIR/list --json");

  ASSERT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(FindInFiles("DIR/again"), IsEmpty());
  EXPECT_EQ(events("DIR/again"), num_others);
  nlohmann::json receipts = nlohmann::json::parse(restored.out)["receipts"];
  ASSERT_EQ(receipts.size(), 3U);
  EXPECT_EQ(receipts[0]["erased_event_count"], "10");
  EXPECT_EQ(receipts[0]["model_versions_with_traces"].size(), 1U);
  EXPECT_EQ(receipts[1]["erased_event_count"], "6");
  EXPECT_FALSE(receipts[2].contains("model_versions_with_traces"));

  // Whom the backup does not know is barred, too.
  const nlohmann::json late = {{"event_id", "late"},
                               {"user_id", "never-seen-1234"},
                               {"type", "detail-page-view"},
                               {"item_id", AnItem()}};
  WriteText(Filled("DIR/late.jsonl"), late.dump() + "\n");
  const Outcome dropped = Run("import --store DIR/again --events DIR/late.jsonl --json");
  ASSERT_EQ(dropped.status, 0) << dropped.err;
  EXPECT_EQ(nlohmann::json::parse(dropped.out)["dropped"], 1);
}

TEST_F(ErasureBinaryTest, ARestoreWithABadListMakesNothing) {
  ASSERT_EQ(Run("backup --store STORE --to DIR/whole").status, 0);
  WriteText(Filled("DIR/bad"), "user u00001\nu00002\n");

  const Outcome refused = Run("restore --from DIR/whole --store DIR/none --erased DIR/bad");

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("bad:2: wants \"user ID\" or \"visitor ID\", has \"u00002\""));
  EXPECT_FALSE(std::filesystem::exists(Filled("DIR/none")));
  EXPECT_FALSE(std::filesystem::exists(Filled("DIR/none.unfinished")));
}

}  // namespace
}  // namespace vitrine::cli
