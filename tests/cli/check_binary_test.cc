#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;

class CheckBinaryTest : public BinaryTest {
 protected:
  // Of a copy of the store, in which the byte in the middle of a file is another.
  static Outcome RunWithDamage(const std::string& file) {
    const std::filesystem::path copy = std::filesystem::path(Filled("DIR")) / "damaged";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(Filled("STORE"), copy, std::filesystem::copy_options::recursive);
    std::string bytes = ReadText(copy / file);
    if (bytes.empty()) ADD_FAILURE() << "there is no " << file;
    bytes[bytes.size() / 2] ^= 0x10;
    WriteText(copy / file, bytes);
    return Run("check --store DIR/damaged");
  }

  static std::string Bundle() {
    for (const auto& file : std::filesystem::directory_iterator(Filled("STORE/models"))) {
      if (file.path().extension() == ".bundle") return "models/" + file.path().filename().string();
    }
    return "";
  }
};

TEST_F(CheckBinaryTest, AWholeStoreIsSaidToBeWhole) {
  const Outcome checked = Run("check --store STORE --json");

  ASSERT_EQ(checked.status, 0) << checked.err;
  const auto found = nlohmann::json::parse(checked.out);
  EXPECT_GT(found["events"], 4000);
  EXPECT_EQ(found["items"], 200);
  EXPECT_EQ(found["checkpoint"], "same as a rebuild");
  EXPECT_EQ(found["model_versions"], 1);
  EXPECT_THAT(Run("check --store STORE").out, HasSubstr("is whole"));
}

TEST_F(CheckBinaryTest, ADamagedBundleIsNamed) {
  const std::string bundle = Bundle();

  const Outcome checked = RunWithDamage(bundle);

  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, HasSubstr(bundle));
}

TEST_F(CheckBinaryTest, AFolderWithoutAStoreIsAnError) {
  std::filesystem::create_directory(Filled("DIR/empty"));

  const Outcome checked = Run("check --store DIR/empty");

  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, HasSubstr("there is no store"));
}

}  // namespace
}  // namespace vitrine::cli
