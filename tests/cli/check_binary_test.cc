#include <gmock/gmock.h>
#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"
#include "testing/status_matchers.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using vitrine::testing::IsOk;
using vitrine::testing::ServerChild;
namespace fs = std::filesystem;

class CheckBinaryTest : public BinaryTest {
 protected:
  // One store with a file of each kind.
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    ASSERT_EQ(Run("keys create --store STORE --name ops --scopes read").status, 0);
    WriteText(Filled("STORE/models/CANDIDATE"), Live() + "\n");
    fs::create_directory(Filled("STORE/imports"));
    WriteChecked("STORE/models/TRAININGS", "VTRtrain", {1, 0, 0});  // Version, begun, kept.
    WriteChecked("STORE/models/PROBATION", "VTRproba", {1, 0, 0, 0, 0, 0});
    WriteChecked("STORE/placements", "VTRplace", {1, 0});
    WriteChecked("STORE/imports/0123456789abcdef.note", "VTRNIMP1", {7, 0, 0, 0, 0, 0, 0, 0, 0});
  }

  static void WriteChecked(const std::string& path, std::string_view magic,
                           const std::vector<char>& bytes) {
    const std::string_view text(bytes.data(), bytes.size());
    ASSERT_THAT(WriteCheckedFile(LocalFileSystem(), Filled(path), magic, text), IsOk());
  }

  // Of a copy of the store, in which the byte in the middle of a file is another.
  static Outcome RunWithDamage(const std::string& file) {
    const fs::path copy = fs::path(Filled("DIR")) / "damaged";
    fs::remove_all(copy);
    fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
    std::string bytes = ReadText(copy / file);
    if (bytes.empty()) ADD_FAILURE() << "there is no " << file;
    bytes[bytes.size() / 2] ^= 0x10;
    WriteText(copy / file, bytes);
    return Run("check --store DIR/damaged");
  }

  // The largest file of a store's folder whose name begins and ends so, by its path in the store.
  static std::string FileNamed(const std::string& store, const std::string& folder,
                               std::string_view begin, std::string_view end) {
    std::string found;
    std::uintmax_t most = 0;
    for (const auto& file : fs::directory_iterator(Filled(store) + "/" + folder)) {
      const std::string name = file.path().filename();
      if (!name.starts_with(begin) || !name.ends_with(end) || file.file_size() < most) continue;
      most = file.file_size();
      found = folder + "/" + name;
    }
    return found;
  }
};

TEST_F(CheckBinaryTest, AWholeStoreIsSaidToBeWhole) {
  const Outcome checked = Run("check --store STORE --json");

  ASSERT_EQ(checked.status, 0) << checked.err;
  const auto found = nlohmann::json::parse(checked.out);
  EXPECT_GT(found["events"], 4000);
  EXPECT_EQ(found["items"], 200);
  EXPECT_EQ(found["torn_bytes"], 0);
  EXPECT_EQ(found["checkpoint"], "same as a rebuild");
  EXPECT_EQ(found["model_versions"], 1);
  EXPECT_EQ(found["unknown_files"], nlohmann::json::array());
  EXPECT_THAT(Run("check --store STORE").out, HasSubstr("is whole"));
}

TEST_F(CheckBinaryTest, ADamagedFileOfAnyKindIsNamed) {
  const std::vector<std::string> files = {
      FileNamed("STORE", "models", "", ".bundle"),
      "models/LIVE",
      "models/CANDIDATE",
      "models/TRAININGS",
      "models/PROBATION",
      "imports/0123456789abcdef.note",
      "keys",
      "placements",
      "db/CURRENT",
      FileNamed("STORE", "db", "MANIFEST", ""),
      FileNamed("STORE", "db", "", ".sst"),
  };

  for (const std::string& file : files) {
    const Outcome checked = RunWithDamage(file);

    EXPECT_EQ(checked.status, 1) << file << ": " << checked.out;
    EXPECT_THAT(checked.err, HasSubstr(file));
  }
}

TEST_F(CheckBinaryTest, EveryDamagedFileBesideTheTablesIsNamedAtOnce) {
  const fs::path copy = fs::path(Filled("DIR")) / "many";
  fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
  const std::vector<std::string> files = {FileNamed("STORE", "models", "", ".bundle"),
                                          "models/TRAININGS", "keys", "placements"};
  for (const std::string& file : files) WriteText(copy / file, "rubbish");

  const Outcome checked = Run("check --store DIR/many");

  EXPECT_EQ(checked.status, 1);
  for (const std::string& file : files) EXPECT_THAT(checked.err, HasSubstr(file));
}

TEST_F(CheckBinaryTest, ABundleThatAFileNamesIsMissed) {
  const std::string live = Live();
  const fs::path copy = fs::path(Filled("DIR")) / "missed";
  fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
  WriteText(copy / "models/LIVE", live + "\nno-previous\n");
  WriteText(copy / "models/CANDIDATE", "no-candidate\n");

  const Outcome checked = Run("check --store DIR/missed");

  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, HasSubstr("models/LIVE names the version no-previous"));
  EXPECT_THAT(checked.err, HasSubstr("models/CANDIDATE names the version no-candidate"));
}

TEST_F(CheckBinaryTest, AFileThatIsNoPartOfTheStoreIsNamedAndNoDamage) {
  const fs::path copy = fs::path(Filled("DIR")) / "more";
  fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
  WriteText(copy / "notes.txt", "not ours");

  const Outcome checked = Run("check --store DIR/more");

  EXPECT_EQ(checked.status, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("notes.txt"));
}

// All of it is in the write-ahead log then.
TEST_F(CheckBinaryTest, AStoreWhoseServerWasKilledIsWholeAndADamagedLogIsNamed) {
  {
    ServerChild server(Filled("DIR/killed"), Filled("SMALL"), Filled("DIR/log"));
    const Outcome imported = Run("import --target " + server.WaitForAddress() +
                                 " --items SHOP/items.csv --events SHOP/events.jsonl");
    ASSERT_EQ(imported.status, 0) << imported.err;
    server.End(SIGKILL);
  }
  const std::string name = FileNamed("DIR/killed", "db", "", ".log");
  const fs::path log = fs::path(Filled("DIR/killed")) / name;

  const Outcome killed = Run("check --store DIR/killed --json");
  std::string bytes = ReadText(log);
  WriteText(log, bytes.substr(0, bytes.size() - 3));
  const Outcome torn = Run("check --store DIR/killed --json");
  bytes[50] ^= 0x10;
  WriteText(log, bytes);
  const Outcome damaged = Run("check --store DIR/killed");

  ASSERT_EQ(killed.status, 0) << killed.err;
  EXPECT_GT(nlohmann::json::parse(killed.out)["events"], 4000);
  EXPECT_EQ(nlohmann::json::parse(killed.out)["torn_bytes"], 0);
  ASSERT_EQ(torn.status, 0) << torn.err;
  EXPECT_GT(nlohmann::json::parse(torn.out)["torn_bytes"], 0);
  EXPECT_EQ(damaged.status, 1);
  EXPECT_THAT(damaged.err, HasSubstr(name));
}

// The list of trainings is no reason to go without a store, nor is a version that is not served.
TEST_F(CheckBinaryTest, ARestoreSaysWhatAServerDoesWithoutAndGoesOn) {
  const fs::path copy = fs::path(Filled("DIR")) / "rusty";
  fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
  WriteText(copy / "models/TRAININGS", "rubbish");
  WriteText(copy / "models/20200101T000000Z.bundle", "rubbish");
  ASSERT_EQ(Run("backup --store DIR/rusty --to DIR/backup").status, 0);

  const Outcome restored = Run("restore --from DIR/backup --store DIR/restored");

  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(restored.err, AllOf(HasSubstr("TRAININGS"), HasSubstr("20200101T000000Z.bundle")));
}

TEST_F(CheckBinaryTest, ARestoreDoesNotGoWithoutTheLiveVersion) {
  const fs::path copy = fs::path(Filled("DIR")) / "dead";
  const std::string bundle = "models/" + Live() + ".bundle";
  fs::copy(Filled("STORE"), copy, fs::copy_options::recursive);
  WriteText(copy / bundle, "rubbish");
  ASSERT_EQ(Run("backup --store DIR/dead --to DIR/backup-dead").status, 0);

  const Outcome restored = Run("restore --from DIR/backup-dead --store DIR/not-restored");

  EXPECT_EQ(restored.status, 1);
  EXPECT_THAT(restored.err, HasSubstr(bundle));
  EXPECT_FALSE(fs::exists(Filled("DIR/not-restored")));
}

TEST_F(CheckBinaryTest, AFolderWithoutAStoreIsAnError) {
  fs::create_directory(Filled("DIR/empty"));

  const Outcome checked = Run("check --store DIR/empty");

  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, HasSubstr("there is no store"));
}

}  // namespace
}  // namespace vitrine::cli
