#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"
#include "testing/eventually.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using vitrine::testing::ServerChild;

using BackupBinaryTest = BinaryTest;

// From a server that serves to one that serves what was restored: the same models, the same list.
TEST_F(BackupBinaryTest, WhatAServerBackedUpServesAgainOnceRestored) {
  const std::string list = " --user u00001 --count 5 --json";
  std::string before;
  {
    ServerChild server(Filled("STORE"), Filled("SMALL"), Filled("DIR/log"));
    const std::string address = server.WaitForAddress();
    before = Run("recommend --target " + address + list).out;

    const Outcome backed_up = Run("backup --target " + address + " --to DIR/backup --json");

    ASSERT_EQ(backed_up.status, 0) << backed_up.err;
    EXPECT_GT(nlohmann::json::parse(backed_up.out)["events"], 4000);
    const Outcome again = Run("backup --target " + address + " --to DIR/backup");
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.err, HasSubstr("is there already"));
    EXPECT_EQ(server.End(SIGTERM), 0);
  }

  const Outcome restored = Run("restore --from DIR/backup --store DIR/restored --config SMALL");

  ASSERT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("restored"));
  const Outcome checked = Run("check --store DIR/restored --config SMALL --json");
  ASSERT_EQ(checked.status, 0) << checked.err;
  EXPECT_EQ(nlohmann::json::parse(checked.out)["model_versions"], 1);
  ServerChild server(Filled("DIR/restored"), Filled("SMALL"), Filled("DIR/log"));
  const Outcome after = Run("recommend --target " + server.WaitForAddress() + list);
  const auto have = nlohmann::json::parse(after.out);
  const auto want = nlohmann::json::parse(before);
  EXPECT_FALSE(want["model_version"].empty());
  EXPECT_EQ(have["model_version"], want["model_version"]);
  EXPECT_EQ(have["items"].size(), 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(have["items"][i]["item_id"], want["items"][i]["item_id"]);
}

TEST_F(BackupBinaryTest, AStoreThatNoServerServesIsBackedUpToo) {
  ASSERT_EQ(Run("backup --store STORE --to DIR/offline").status, 0);

  const Outcome taken = Run("restore --from DIR/offline --store STORE");

  EXPECT_EQ(taken.status, 1);
  EXPECT_THAT(taken.err, HasSubstr("holds something"));
  EXPECT_EQ(Run("restore --from SHOP --store DIR/none").status, 1);
  EXPECT_FALSE(std::filesystem::exists(Filled("DIR/none")));
  EXPECT_EQ(Run("backup --to DIR/x").status, 2);
}

// A large file, of which the disk has nothing, keeps the copy busy until the signal comes.
TEST_F(BackupBinaryTest, OneThatIsInterruptedLeavesNothing) {
  namespace fs = std::filesystem;
  const std::string store = Filled("STORE");
  const std::string to = Filled("DIR/interrupted");
  const std::string large = store + "/large";
  WriteText(large, "");
  fs::resize_file(large, 512U << 20U);
  const pid_t id = fork();
  if (id == 0) {
    execl(VITRINE_BINARY, "vitrine", "backup", "--store", store.c_str(), "--to", to.c_str(),
          nullptr);
    _exit(127);
  }
  EXPECT_TRUE(vitrine::testing::Eventually([&] { return fs::exists(to + ".unfinished"); }));

  kill(id, SIGINT);
  int status = -1;
  waitpid(id, &status, 0);

  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  EXPECT_FALSE(fs::exists(to + ".unfinished"));
  EXPECT_FALSE(fs::exists(to));
  fs::remove(large);
}

}  // namespace
}  // namespace vitrine::cli
