#include "vitrine/feature_store/text.h"

#include <gmock/gmock.h>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TokenizeTest, SplitsWordsAndFoldsTheirCase) {
  EXPECT_THAT(Tokenize("White HANGING Heart, T-Light (2 pcs)"),
              ElementsAre("white", "hanging", "heart", "t", "light", "2", "pcs"));
}

TEST(TokenizeTest, KeepsOrderAndRepeats) {
  EXPECT_THAT(Tokenize("tea for two and two for tea"),
              ElementsAre("tea", "for", "two", "and", "two", "for", "tea"));
}

TEST(TokenizeTest, FoldsTheCaseOfEveryScript) {
  EXPECT_THAT(Tokenize("STRASSE Straße ÉTÉ Ελλάς"),
              ElementsAre("strasse", "strasse", "été", "ελλάσ"));
}

TEST(TokenizeTest, SeesOneLetterHoweverItIsComposed) {
  EXPECT_EQ(Tokenize("caf\u0065\u0301"), Tokenize("caf\u00e9"));
  EXPECT_THAT(Tokenize("ＡＢＣ１２"), ElementsAre("abc12"));
  EXPECT_THAT(Tokenize("ﬁne co\u00ADoperate"), ElementsAre("fine", "cooperate"));
}

TEST(TokenizeTest, CutsChineseIntoOverlappingPairs) {
  EXPECT_THAT(Tokenize("手工陶瓷杯"), ElementsAre("手工", "工陶", "陶瓷", "瓷杯"));
}

TEST(TokenizeTest, CutsJapaneseAndKoreanIntoOverlappingPairs) {
  EXPECT_THAT(Tokenize("マグカップ"), ElementsAre("マグ", "グカ", "カッ", "ップ"));
  EXPECT_THAT(Tokenize("ﾏｸﾞ"), ElementsAre("マグ"));
  EXPECT_THAT(Tokenize("머그컵"), ElementsAre("머그", "그컵"));
}

TEST(TokenizeTest, ALoneCharacterStandsForItself) {
  EXPECT_THAT(Tokenize("杯 a 茶"), ElementsAre("杯", "a", "茶"));
}

TEST(TokenizeTest, EndsARunWhereTheScriptChanges) {
  EXPECT_THAT(Tokenize("USB充电器2个装"), ElementsAre("usb", "充电", "电器", "2", "个装"));
}

TEST(TokenizeTest, PunctuationOfAnyScriptSeparates) {
  EXPECT_THAT(Tokenize("陶瓷，马克。杯"), ElementsAre("陶瓷", "马克", "杯"));
  EXPECT_THAT(Tokenize("red—blue…green"), ElementsAre("red", "blue", "green"));
}

TEST(TokenizeTest, BytesThatAreNotUtf8SeparateTerms) {
  EXPECT_THAT(Tokenize("red\xff"
                       "blue"),
              ElementsAre("red", "blue"));
  EXPECT_THAT(Tokenize("\xc3"), IsEmpty());
  EXPECT_THAT(Tokenize("\xed\xa0\x80x"), ElementsAre("x"));  // Half a surrogate pair.
  EXPECT_THAT(Tokenize("陶\xe7\x93"), ElementsAre("陶"));
}

TEST(TokenizeTest, AsciiAloneIsCutAsBesideOtherLetters) {
  std::string text;
  for (int c = 0; c < 0x80; ++c) text += std::string("Ab") + static_cast<char>(c) + "9z ";
  std::vector<std::string> expected = Tokenize(text + "\u00e9");
  expected.pop_back();
  EXPECT_GT(expected.size(), 128u);
  EXPECT_EQ(Tokenize(text), expected);
}

TEST(TokenizeTest, NothingGivesNothing) {
  EXPECT_THAT(Tokenize(""), IsEmpty());
  EXPECT_THAT(Tokenize(" -- \u0301 !"), IsEmpty());
}

TEST(CategoryPrefixesTest, NamesThePathAndItsAncestors) {
  EXPECT_THAT(CategoryPrefixes("Home > Kitchen > Mugs"),
              ElementsAre("Home", "Home > Kitchen", "Home > Kitchen > Mugs"));
}

TEST(CategoryPrefixesTest, BlanksAroundTheArrowDoNotMatter) {
  EXPECT_THAT(CategoryPrefixes("  Home>Kitchen   >\tTea cups "),
              ElementsAre("Home", "Home > Kitchen", "Home > Kitchen > Tea cups"));
}

TEST(CategoryPrefixesTest, EmptyNamesAreLeftOut) {
  EXPECT_THAT(CategoryPrefixes("> Home > > Kitchen >"), ElementsAre("Home", "Home > Kitchen"));
  EXPECT_THAT(CategoryPrefixes(""), IsEmpty());
}

}  // namespace
}  // namespace vitrine
