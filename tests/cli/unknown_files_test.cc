#include "cli/unknown_files.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::TemporaryFolder;

void PutFile(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << "bytes";
}

TEST(UnknownFilesTest, WhatAStoreHoldsIsKnown) {
  const TemporaryFolder store;
  for (const char* name :
       {"keys", "keys.tmp", "placements", "views-00000000000000000007.checkpoint", "db/CURRENT",
        "db/MANIFEST-000005", "db/OPTIONS-000007", "db/000012.log", "db/000013.sst", "models/LIVE",
        "models/20260131T101500Z.bundle", "models/20260131T101500Z-02.bundle.tmp",
        "imports/0123456789abcdef.note", "lost+found/anything"}) {
    PutFile(store / name);
  }

  const auto unknown = ListUnknownFiles(LocalFileSystem(), store.path());

  ASSERT_THAT(unknown, IsOk());
  EXPECT_THAT(*unknown, IsEmpty());
}

TEST(UnknownFilesTest, WhatItDoesNotHoldIsNamedByItsPathInIt) {
  const TemporaryFolder store;
  for (const char* name : {"keys", "keys.old", "LIVE", "notes.txt", "old/models/LIVE", "db/keys",
                           "db/models/LIVE", "models/LIVE.new", "views-1", ".bundle"}) {
    PutFile(store / name);
  }

  const auto unknown = ListUnknownFiles(LocalFileSystem(), store.path());

  ASSERT_THAT(unknown, IsOk());
  EXPECT_THAT(*unknown, ElementsAre(".bundle", "LIVE", "keys.old", "notes.txt", "old/", "views-1",
                                    "db/keys", "db/models/", "models/LIVE.new"));
}

TEST(UnknownFilesTest, AStoreThatHasNothingHasNoneUnknown) {
  const TemporaryFolder store;

  const auto unknown = ListUnknownFiles(LocalFileSystem(), store.path());

  ASSERT_THAT(unknown, IsOk());
  EXPECT_THAT(*unknown, IsEmpty());
}

}  // namespace
}  // namespace vitrine::cli
