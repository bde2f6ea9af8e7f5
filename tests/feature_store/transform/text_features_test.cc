#include "vitrine/feature_store/transform/text_features.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "feature_store/transform/golden.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::Dense;
using ::testing::ElementsAre;
using testing::Expected;
using testing::ExpectNear;
using testing::IsOk;
using testing::IsRefused;
using testing::ReadGoldenDocuments;
using testing::StatusIs;

using Documents = std::vector<std::string>;

constexpr double kFloat = 2e-6;  // Of values of size 10 at most that were rounded to float.

TfIdf Fitted(const Documents& documents, const TfIdfOptions& options = {}) {
  auto fitted = TfIdf::Fit(documents, options);
  EXPECT_THAT(fitted, IsOk());
  return *std::move(fitted);
}

TEST(TfIdfTest, TwoDocumentsByHand) {
  const TfIdf fitted = Fitted({"Red mug, mug!", "red"});

  // red: in both, idf 1. mug: in one, idf 1 + ln(3/2), said twice.
  const double mug = (1 + std::log(2.0)) * (1 + std::log(1.5));
  EXPECT_THAT(fitted.terms(), ElementsAre("mug", "red"));
  ExpectNear(Dense(fitted.Apply(Documents{"red mug mug"})), Eigen::RowVector2d(mug, 1).normalized(),
             kFloat);
}

TEST(TfIdfTest, AgreesWithScikitLearn) {
  const auto documents = ReadGoldenDocuments();

  const TfIdf fitted = Fitted(documents.fitted);

  const Eigen::MatrixXd idf = Expected("tfidf.idf");
  ExpectNear(Eigen::Map<const Eigen::RowVectorXd>(fitted.idf().data(), idf.cols()), idf, 1e-10);
  ExpectNear(Dense(fitted.Apply(documents.fitted)), Expected("tfidf.fitted"), kFloat);
  ExpectNear(Dense(fitted.Apply(documents.unseen)), Expected("tfidf.new"), kFloat);
}

TEST(TfIdfTest, AgreesWithScikitLearnUnderOtherOptions) {
  const auto documents = ReadGoldenDocuments();

  const TfIdf fitted = Fitted(documents.fitted, {.stop_words = {"of", "The", "with"},
                                                 .min_documents = 3,
                                                 .max_document_share = 0.5,
                                                 .is_sublinear = false,
                                                 .is_smooth = false,
                                                 .has_unit_length = false});

  const Eigen::MatrixXd idf = Expected("tfidf_other.idf");
  ExpectNear(Eigen::Map<const Eigen::RowVectorXd>(fitted.idf().data(), idf.cols()), idf, 1e-10);
  ExpectNear(Dense(fitted.Apply(documents.unseen)), Expected("tfidf_other.new"), kFloat);
}

TEST(TfIdfTest, ChineseJapaneseAndKoreanBecomePairsOfCharacters) {
  const TfIdf fitted = Fitted({"陶瓷杯 mug", "한국어"});

  EXPECT_THAT(fitted.terms(), ElementsAre("mug", "瓷杯", "陶瓷", "국어", "한국"));
}

TEST(TfIdfTest, StopWordsOfALanguageAreLeftOutHoweverTheyAreWritten) {
  const Documents documents = {"Der Becher FÜR den Tee", "Le thé de l'été", "the tea's mug",
                               "una taza para el té"};

  EXPECT_THAT(Fitted(documents,
                     {.stop_languages = {StopWordLanguage::kGerman, StopWordLanguage::kFrench,
                                         StopWordLanguage::kEnglish, StopWordLanguage::kSpanish}})
                  .terms(),
              ElementsAre("becher", "mug", "taza", "tea", "tee", "thé", "té", "été"));
}

TEST(TfIdfTest, EveryLanguageHasLowerCaseWordsOnceEach) {
  for (const auto language : {StopWordLanguage::kEnglish, StopWordLanguage::kGerman,
                              StopWordLanguage::kFrench, StopWordLanguage::kSpanish}) {
    std::vector<std::string> words;
    for (const std::string_view word : StopWords(language)) words.emplace_back(word);
    EXPECT_GT(words.size(), 90U);
    std::sort(words.begin(), words.end());
    EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end())
        << *std::adjacent_find(words.begin(), words.end());
  }
}

TEST(TfIdfTest, KeepsTheTermsOfTheMostDocuments) {
  const TfIdf fitted = Fitted({"a b c", "c b", "c d"}, {.max_terms = 2});

  EXPECT_THAT(fitted.terms(), ElementsAre("b", "c"));
}

TEST(TfIdfTest, ADocumentWithoutAKnownTermIsARowOfZeros) {
  const CsrMatrix matrix = Fitted({"red mug"}).Apply(Documents{"", "blue \xFF lamp", "mug"});

  EXPECT_EQ(matrix.num_rows, 3U);
  EXPECT_TRUE(matrix.Columns(0).empty());
  EXPECT_TRUE(matrix.Columns(1).empty());
  EXPECT_THAT(matrix.Values(2), ElementsAre(1.0F));
}

TEST(TfIdfTest, RefusesWhatLeavesNoTerm) {
  const Documents documents = {"red mug", "blue lamp"};

  EXPECT_THAT(TfIdf::Fit({}, {}), IsRefused("no document"));
  EXPECT_THAT(TfIdf::Fit(Documents{"", "?!"}, {}), IsRefused("no term left of 0"));
  EXPECT_THAT(TfIdf::Fit(documents, {.min_documents = 2}), IsRefused("lower min_documents (2)"));
  EXPECT_THAT(TfIdf::Fit(documents, {.min_documents = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      TfIdf::Fit(documents, {.max_document_share = std::numeric_limits<double>::quiet_NaN()}),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TfIdfTest, IsTheSameAfterSavingAndLoading) {
  const auto documents = ReadGoldenDocuments();
  const TfIdf fitted = Fitted(
      documents.fitted,
      {.stop_languages = {StopWordLanguage::kFrench}, .stop_words = {"mug"}, .is_smooth = false});
  ByteWriter writer;
  Save(fitted, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadTfIdf(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("tf-idf"), IsOk());
  EXPECT_EQ(loaded->Apply(documents.unseen).value, fitted.Apply(documents.unseen).value);
  ByteWriter again;
  Save(*loaded, again);
  EXPECT_EQ(again.bytes(), writer.bytes());
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    ByteReader cut(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadTfIdf(cut), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

LatentSemantics FittedSemantics(const CsrMatrix& documents,
                                const LatentSemanticsOptions& options = {.dimensions = 5}) {
  auto fitted = LatentSemantics::Fit(documents, options, nullptr);
  EXPECT_THAT(fitted, IsOk());
  return *std::move(fitted);
}

TEST(LatentSemanticsTest, AgreesWithScikitLearn) {
  const auto documents = ReadGoldenDocuments();
  const TfIdf words = Fitted(documents.fitted);
  const CsrMatrix matrix = words.Apply(documents.fitted);

  const LatentSemantics fitted = FittedSemantics(matrix);

  constexpr double kTolerance = 2e-5;  // The search is in float, and values lie 5 % apart.
  ExpectNear(fitted.singular_values().transpose(), Expected("lsa.singular_values"), kTolerance);
  ExpectNear(fitted.explained_variance_ratio().transpose(), Expected("lsa.ratio"), kTolerance);
  ExpectNear(fitted.directions(), Expected("lsa.directions"), kTolerance);
  ExpectNear(*fitted.Apply(matrix), Expected("lsa.fitted"), kTolerance);
  ExpectNear(*fitted.Apply(words.Apply(documents.unseen)), Expected("lsa.new"), kTolerance);
}

TEST(LatentSemanticsTest, BringsDocumentsTogetherThatShareNoTermButCompany) {
  const Documents documents = {"mug tea",   "mug coffee", "cup tea",    "cup coffee",
                               "lamp bulb", "lamp shade", "light bulb", "light shade"};
  const TfIdf words = Fitted(documents);

  const LatentSemantics fitted = FittedSemantics(words.Apply(documents), {.dimensions = 2});
  const Eigen::MatrixXd vectors =
      fitted.Apply(words.Apply(Documents{"mug", "cup", "lamp"}))->rowwise().normalized();

  EXPECT_GT(vectors.row(0).dot(vectors.row(1)), 0.99);
  EXPECT_LT(std::abs(vectors.row(0).dot(vectors.row(2))), 0.01);
}

TEST(LatentSemanticsTest, FindsNoMoreDimensionsThanThereAre) {
  const TfIdf words = Fitted({"red mug", "red mug", "lamp"});

  EXPECT_EQ(
      FittedSemantics(words.Apply(Documents{"red mug", "red mug", "lamp"}), {.dimensions = 50})
          .dimensions(),
      2U);
}

TEST(LatentSemanticsTest, DocumentsThatAreAllTheSameHaveNoVarianceToExplain) {
  const TfIdf words = Fitted({"mug"});

  const LatentSemantics fitted = FittedSemantics(words.Apply(Documents{"mug", "mug"}));

  EXPECT_THAT(fitted.explained_variance_ratio(), ElementsAre(0));
}

TEST(LatentSemanticsTest, RefusesWhatItCannotLearnFrom) {
  CsrMatrix empty;
  empty.num_cols = 3;
  CsrMatrix broken = Fitted({"mug"}).Apply(Documents{"mug"});
  broken.value[0] = std::numeric_limits<float>::infinity();
  const CsrMatrix one = Fitted({"mug"}).Apply(Documents{"mug"});

  EXPECT_THAT(LatentSemantics::Fit(empty, {}, nullptr), IsRefused("none holds a term"));
  EXPECT_THAT(LatentSemantics::Fit(broken, {}, nullptr), IsRefused("finite"));
  EXPECT_THAT(LatentSemantics::Fit(one, {.dimensions = 0}, nullptr), IsRefused("dimensions"));
  EXPECT_THAT(FittedSemantics(one).Apply(empty), IsRefused("fitted on 1 terms"));
}

TEST(LatentSemanticsTest, IsTheSameAfterSavingAndLoading) {
  const auto documents = ReadGoldenDocuments();
  const CsrMatrix matrix = Fitted(documents.fitted).Apply(documents.fitted);
  const LatentSemantics fitted = FittedSemantics(matrix);
  ByteWriter writer;
  Save(fitted, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadLatentSemantics(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("latent semantics"), IsOk());
  EXPECT_EQ(*loaded->Apply(matrix), *fitted.Apply(matrix));
  for (std::size_t size = 0; size < writer.bytes().size(); size += 7) {
    ByteReader cut(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadLatentSemantics(cut), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

}  // namespace
}  // namespace vitrine
