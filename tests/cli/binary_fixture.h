#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "testing/temporary_folder.h"

namespace vitrine::cli {

// What a run of the binary came to.
struct Outcome {
  int status = -1;
  std::string out{};  // Standard output.
  std::string err{};  // Standard error.
};

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Runs `vitrine ARGUMENTS` in `folder`, with `variables` in its environment: "NAME=VALUE ...". What
// it says goes through files of that folder, out and err.
inline Outcome RunVitrine(const std::string& folder, const std::string& arguments,
                          const std::string& variables = "") {
  const std::string command =
      "cd " + folder + " && " + variables + " " + VITRINE_BINARY + " " + arguments + " >out 2>err";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadText(folder + "/out"),
          ReadText(folder + "/err")};
}

// One made-up shop, imported and trained once for all tests.
class BinaryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<vitrine::testing::TemporaryFolder>();
    WriteText(*folder_ / "small.toml",
              "[models.ials]\ndimensions = 8\nepochs = 2\n[lifecycle]\nauto_train_events = 0\n");
    ASSERT_EQ(Run("simulate --out SHOP --items 200 --users 150 --events 5000 --seed 3").status, 0);
    const Outcome imported =
        Run("import --store STORE --items SHOP/items.csv --users SHOP/users.csv "
            "--events SHOP/events.jsonl --json");
    ASSERT_EQ(imported.status, 0) << imported.err;
    imported_ = imported.out;
    trained_ = Run("train --store STORE --config SMALL --json");
    ASSERT_EQ(trained_.status, 0) << trained_.err;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  // Runs `vitrine ARGUMENTS`, in which SHOP, STORE, SMALL and DIR stand for paths.
  static Outcome Run(const std::string& arguments) {
    return RunVitrine(folder_->path(), Filled(arguments));
  }

  static std::string Filled(std::string text) {
    const std::array<std::pair<std::string, std::string>, 4> places = {
        {{"SHOP", *folder_ / "shop"},
         {"STORE", *folder_ / "store"},
         {"SMALL", *folder_ / "small.toml"},
         {"DIR", folder_->path()}}};
    for (const auto& [name, path] : places) {
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
        text.replace(at, name.size(), path);
        at += path.size();
      }
    }
    return text;
  }

  // The version that the store says is live.
  static std::string Live() {
    const std::string lines = ReadText(Filled("STORE/models/LIVE"));
    return lines.substr(0, lines.find('\n'));
  }

  inline static std::unique_ptr<vitrine::testing::TemporaryFolder> folder_;
  inline static std::string imported_;
  inline static Outcome trained_;
};

}  // namespace vitrine::cli
