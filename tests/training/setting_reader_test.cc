#include "training/setting_reader.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

Settings Defaults() {
  return {{"count", "7"}, {"rate", "0.5"}, {"flag", "false"}, {"kind", "red"}, {"size", "auto"}};
}

std::string MessageOf(const SettingReader& reader) {
  return std::string(reader.status().message());
}

TEST(SettingReaderTest, ReadsDefaultsAndWhatOverridesThem) {
  SettingReader reader("toy", Defaults(), {{"rate", "1e-3"}, {"flag", "true"}});

  EXPECT_EQ(reader.Count("count", 1, 10), 7U);
  EXPECT_EQ(reader.Number("rate", 0, 1), 1e-3);
  EXPECT_TRUE(reader.Flag("flag"));
  EXPECT_EQ(reader.Choice("kind", {"blue", "red"}), "red");
  EXPECT_TRUE(reader.IsAuto("size"));
  EXPECT_THAT(reader.status(), IsOk());
  EXPECT_EQ(reader.complete().at("rate"), "1e-3");
  EXPECT_EQ(reader.complete().at("count"), "7");
}

TEST(SettingReaderTest, AnUnknownSettingNamesThoseThereAre) {
  const SettingReader reader("toy", Defaults(), {{"cuont", "7"}});

  EXPECT_EQ(reader.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(reader), HasSubstr("toy has no setting \"cuont\""));
  EXPECT_THAT(MessageOf(reader), HasSubstr("count, flag, kind, rate, size"));
}

TEST(SettingReaderTest, ABadValueSaysWhatIsAllowedAndWhatWasSeen) {
  SettingReader reader("toy", Defaults(), {{"count", "11"}});
  EXPECT_EQ(reader.Count("count", 1, 10), 1U);
  EXPECT_EQ(MessageOf(reader), "toy wants count to be a whole number from 1 to 10, got \"11\"");

  SettingReader choice("toy", Defaults(), {{"kind", "green"}});
  choice.Choice("kind", {"blue", "red"});
  EXPECT_EQ(MessageOf(choice), "toy wants kind to be one of blue, red, got \"green\"");
}

TEST(SettingReaderTest, KeepsTheFirstError) {
  SettingReader reader("toy", Defaults(), {{"count", "x"}, {"rate", "y"}});
  reader.Number("rate", 0, 1);
  reader.Count("count", 1, 10);

  EXPECT_THAT(MessageOf(reader), HasSubstr("rate"));
}

TEST(SettingReaderTest, RefusesWhatIsNotWhollyANumberInRange) {
  for (const std::string text : {"", " 1", "1 ", "1x", "nan", "inf", "-1", "2", "0x1", "1,0"}) {
    SettingReader reader("toy", Defaults(), {{"rate", text}});
    reader.Number("rate", 0, 1);
    EXPECT_FALSE(reader.status().ok()) << text;
  }
  for (const std::string text : {"", "1.5", "-1", "99999999999999999999999", "auto"}) {
    SettingReader reader("toy", Defaults(), {{"count", text}});
    reader.Count("count", 0, 10);
    EXPECT_FALSE(reader.status().ok()) << text;
  }
}

}  // namespace
}  // namespace vitrine
