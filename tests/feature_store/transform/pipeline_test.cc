#include "vitrine/feature_store/transform/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "feature_store/transform/tables.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kNaN;
using testing::Named;
using testing::NamesOf;
using testing::NumbersColumn;
using testing::NumbersOf;
using testing::StatusIs;
using testing::TableOf;
using testing::TextsColumn;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// Rows of a made-up shop, with gaps and doubles.
FeatureTable MadeUpRows(std::size_t num_rows, std::uint64_t seed) {
  Random random(seed);
  const std::vector<std::string> brands = {"Acme", "Bolt", "Cora", "Dune"};
  Numbers price;
  Numbers seen;
  Numbers bought;
  Texts brand;
  Texts views;
  Texts title;
  for (std::size_t row = 0; row < num_rows; ++row) {
    price.push_back(random.Uniform() < 0.1 ? kNaN : random.Exponential() * 20);
    seen.push_back(1.3e9 + static_cast<double>(random.Below(40'000'000)));
    bought.push_back(static_cast<double>(random.Below(2)));
    brand.push_back(random.Uniform() < 0.1 ? std::nullopt
                                           : std::optional(brands[random.Below(brands.size())]));
    views.push_back(random.Uniform() < 0.1 ? "n/a" : std::to_string(random.Below(40)));
    title.push_back(brands[random.Below(4)] + " " + brands[random.Below(4)] + " mug");
  }
  return TableOf({NumbersColumn("price", price), NumbersColumn("seen", seen),
                  NumbersColumn("bought", bought), TextsColumn("brand", brand),
                  TextsColumn("maker", brand), TextsColumn("line", brand),
                  TextsColumn("kind", brand), TextsColumn("views", views),
                  TextsColumn("title", title), TextsColumn("text", title)});
}

// Every kind of step once.
PipelineSettings EveryStep() {
  PipelineSettings settings{.target = "bought", .missing = {"NA"}};
  settings.steps = {
      DeduplicateSettings{.keys = {"seen"}},
      ConvertSettings{.columns = Named({"views"}), .unparsable = Unparsable::kMissing},
      ImputeSettings{.columns = Named({"views"}), .method = ImputeMethod::kLast},
      ImputeSettings{.columns = Named({"price"}), .is_marked = true},
      ClipSettings{.columns = Named({"price"})},
      LogSettings{.columns = Named({"price"})},
      ScaleSettings{.columns = Named({"price"})},
      BinSettings{.columns = Named({"views"}), .num_bins = 4},
      CyclicalSettings{.columns = Named({"seen"}), .time_zone = "Europe/Berlin"},
      OneHotSettings{.columns = Named({"brand"}), .unseen = UnseenPolicy::kOther},
      TargetMeanSettings{.columns = Named({"maker"})},
      OrdinalSettings{.columns = Named({"line"})},
      HashSettings{.columns = Named({"kind"}), .num_buckets = 4},
      SelectSettings{.columns = Named({"price_missing"}), .is_dropping = true},
      TfIdfSettings{.columns = Named({"title"}), .options = {.max_terms = 5}},
      LatentSemanticsSettings{.columns = Named({"text"}), .options = {.dimensions = 2}},
      SelectionSettings{.columns = Named({"views", "price"}),
                        .criterion = SelectionCriterion::kMutualInformation,
                        .count = 1,
                        .is_target_class = true},
      DiscriminantSettings{.columns = Named({"seen_hour_sin", "seen_weekday_sin"})},
      PcaSettings{.columns = Named({"seen_hour_cos", "seen_weekday_cos"})}};
  return settings;
}

// NaN equals NaN here, and 0 is not -0.
void ExpectSameBits(const FeatureTable& left, const FeatureTable& right) {
  ASSERT_EQ(NamesOf(left), NamesOf(right));
  for (const Column& column : left.columns()) {
    const Column& other = *right.Find(column.name);
    ASSERT_EQ(column.kind(), other.kind()) << column.name;
    ASSERT_EQ(column.size(), other.size()) << column.name;
    if (column.kind() == ColumnKind::kTexts) {
      EXPECT_EQ(column.cells, other.cells) << column.name;
      continue;
    }
    for (std::size_t row = 0; row < column.size(); ++row) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(std::get<Numbers>(column.cells)[row]),
                std::bit_cast<std::uint64_t>(std::get<Numbers>(other.cells)[row]))
          << column.name << " row " << row;
    }
  }
}

TEST(TransformPipelineTest, EachStepWorksOnWhatTheOneBeforeMade) {
  const FeatureTable rows = TableOf({NumbersColumn("x", {kNaN, 1, 3})});
  const PipelineSettings settings{
      .steps = {ImputeSettings{.columns = Named({"x"}), .method = ImputeMethod::kMean},
                ScaleSettings{.columns = Named({"x"}), .method = ScaleMethod::kMinMax}}};

  const auto fitted = TransformPipeline::Fit(rows, settings);

  ASSERT_THAT(fitted, IsOk());
  EXPECT_THAT(NumbersOf(fitted->table, "x"), ElementsAre(0.5, 0, 1));
}

TEST(TransformPipelineTest, LearnsFromTheRowsFittedOnAlone) {
  const PipelineSettings settings{.steps = {ScaleSettings{.columns = Named({"x"})}}};
  const auto fitted = TransformPipeline::Fit(TableOf({NumbersColumn("x", {0, 2})}), settings);
  ASSERT_THAT(fitted, IsOk());

  const auto applied = fitted->pipeline.Apply(TableOf({NumbersColumn("x", {100, 1})}));

  ASSERT_THAT(applied, IsOk());
  EXPECT_THAT(NumbersOf(*applied, "x"), ElementsAre(99, 0));
}

TEST(TransformPipelineTest, ALoadedOneDoesTheSameToTheBit) {
  const testing::TemporaryFolder folder;
  testing::FaultFileSystem files;
  const auto fitted = TransformPipeline::Fit(MadeUpRows(200, 1), EveryStep());
  ASSERT_THAT(fitted, IsOk());
  ASSERT_EQ(EveryStep().steps.size(), std::variant_size_v<StepSettings> + 1);  // Two impute.

  ASSERT_THAT(SavePipeline(fitted->pipeline, files, folder / "p.transform"), IsOk());
  const auto loaded = LoadPipeline(files, folder / "p.transform");

  ASSERT_THAT(loaded, IsOk());
  const FeatureTable others = MadeUpRows(80, 2);
  ExpectSameBits(fitted->pipeline.Apply(others).value(), loaded->Apply(others).value());
  EXPECT_EQ(EncodePipeline(*loaded), EncodePipeline(fitted->pipeline));
  EXPECT_EQ(loaded->input().target, "bought");
  EXPECT_THAT(loaded->input().missing, ElementsAre("NA"));
}

TEST(TransformPipelineTest, BytesThatWereChangedAreRefusedOrStillAPipeline) {
  const auto fitted = TransformPipeline::Fit(MadeUpRows(60, 1), EveryStep());
  ASSERT_THAT(fitted, IsOk());
  const std::string bytes = EncodePipeline(fitted->pipeline);
  const FeatureTable others = MadeUpRows(5, 2);

  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_THAT(DecodePipeline(std::string_view(bytes).substr(0, at), "x"),
                StatusIs(absl::StatusCode::kDataLoss))
        << at;
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x15);
    const auto decoded = DecodePipeline(changed, "x");
    if (decoded.ok()) {
      (void)decoded->Apply(others).status();  // Whatever it is, no crash.
    } else {
      EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kDataLoss)) << at;
    }
  }
}

TEST(TransformPipelineTest, ADamagedFileIsRefused) {
  const testing::TemporaryFolder folder;
  FileSystem& files = LocalFileSystem();
  const std::string path = folder / "p.transform";
  const auto fitted = TransformPipeline::Fit(MadeUpRows(20, 1), EveryStep());
  ASSERT_THAT(SavePipeline(fitted->pipeline, files, path), IsOk());
  std::string bytes = files.ReadFile(path).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_THAT(files.OpenForWrite(path, OpenMode::kTruncate).value()->Append(bytes), IsOk());

  const auto loaded = LoadPipeline(files, path);

  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(MessageOf(loaded.status()), HasSubstr("checksum"));
}

TEST(TransformPipelineTest, AKindOfStepFromANewerVersionIsNamed) {
  ByteWriter writer;
  writer.Unsigned(0);  // Columns.
  writer.String("");   // Target.
  writer.Unsigned(0);  // Missing.
  writer.Unsigned(1);  // Steps.
  writer.String("holograms");
  writer.String("");

  const auto decoded = DecodePipeline(writer.bytes(), "p");

  EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(MessageOf(decoded.status()), HasSubstr("holograms"));
}

TEST(TransformPipelineTest, OtherColumnsThanFittedOnAreAnError) {
  const PipelineSettings settings{.steps = {ScaleSettings{.columns = Named({"price"})}}};
  const auto fitted = TransformPipeline::Fit(
      TableOf({NumbersColumn("price", {1, 2}), TextsColumn("brand", {"a", "b"})}), settings);
  ASSERT_THAT(fitted, IsOk());
  const auto error_of = [&](FeatureTable table) {
    const auto applied = fitted->pipeline.Apply(std::move(table));
    EXPECT_THAT(applied, StatusIs(absl::StatusCode::kInvalidArgument));
    return MessageOf(applied.status());
  };

  EXPECT_THAT(error_of(TableOf({TextsColumn("brand", {"a"})})), HasSubstr("price"));
  EXPECT_THAT(error_of(TableOf({NumbersColumn("prise", {1}), TextsColumn("brand", {"a"})})),
              AllOf(HasSubstr("prise"), HasSubstr("did you mean price")));
  EXPECT_THAT(error_of(TableOf({TextsColumn("price", {"x"}), TextsColumn("brand", {"a"})})),
              HasSubstr("holds texts"));
}

TEST(TransformPipelineTest, ColumnsMayComeInAnotherOrderAndWithoutTheTarget) {
  const PipelineSettings settings{.steps = {ScaleSettings{.columns = testing::AllNumbers()}},
                                  .target = "y"};
  const auto fitted = TransformPipeline::Fit(
      TableOf({NumbersColumn("a", {1, 3}), NumbersColumn("y", {5, 9}), NumbersColumn("b", {0, 4})}),
      settings);
  ASSERT_THAT(fitted, IsOk());
  EXPECT_THAT(NumbersOf(fitted->table, "y"), ElementsAre(5, 9));

  const auto applied =
      fitted->pipeline.Apply(TableOf({NumbersColumn("b", {2}), NumbersColumn("a", {2})}));

  ASSERT_THAT(applied, IsOk());
  EXPECT_THAT(NamesOf(*applied), ElementsAre("a", "b"));
  EXPECT_THAT(NumbersOf(*applied, "b"), ElementsAre(0));
}

TEST(TransformPipelineTest, AColumnWithoutAnyValueIsOfEitherKind) {
  const PipelineSettings settings{.steps = {OrdinalSettings{.columns = Named({"brand"})}}};
  const auto fitted = TransformPipeline::Fit(TableOf({TextsColumn("brand", {"a", "b"})}), settings);
  ASSERT_THAT(fitted, IsOk());

  const auto applied = fitted->pipeline.Apply(TableOf({NumbersColumn("brand", {kNaN})}));

  ASSERT_THAT(applied, IsOk());
  EXPECT_TRUE(std::isnan(NumbersOf(*applied, "brand")[0]));
}

TEST(TransformPipelineTest, AnErrorNamesTheStep) {
  const PipelineSettings settings{
      .steps = {ScaleSettings{.columns = Named({"a"})}, LogSettings{.columns = Named({"a"})}}};

  const auto fitted = TransformPipeline::Fit(TableOf({NumbersColumn("a", {1, 2})}), settings);

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MessageOf(fitted.status()), HasSubstr("step 2 (log1p): column a has 1 negative"));
}

TEST(TransformPipelineTest, AStepMayNotChangeTheTarget) {
  const PipelineSettings settings{.steps = {ScaleSettings{.columns = Named({"y"})}}, .target = "y"};

  const auto fitted = TransformPipeline::Fit(TableOf({NumbersColumn("y", {1, 2})}), settings);

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MessageOf(fitted.status()), HasSubstr("target"));
}

TEST(TransformPipelineTest, NoRowIsNothingToFitOnButNoneToApplyToIsFine) {
  const PipelineSettings settings{.steps = {ScaleSettings{.columns = Named({"a"})}}};
  EXPECT_THAT(TransformPipeline::Fit(TableOf({NumbersColumn("a", {})}), settings),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const auto fitted = TransformPipeline::Fit(TableOf({NumbersColumn("a", {1, 2})}), settings);

  const auto applied = fitted->pipeline.Apply(TableOf({NumbersColumn("a", {})}));

  ASSERT_THAT(applied, IsOk());
  EXPECT_EQ(applied->num_rows(), 0u);
}

TEST(TransformPipelineTest, AnObserverSeesEachStepsBeforeAndAfter) {
  const PipelineSettings settings{
      .steps = {DeduplicateSettings{}, ScaleSettings{.columns = Named({"a"})}}};
  std::vector<std::string> seen;
  const auto observe = [&](const StepTrace& trace) {
    seen.push_back(std::to_string(trace.number) + " " + std::string(trace.kind) + " " +
                   std::to_string(trace.before.num_rows()) + ">" +
                   std::to_string(trace.after.num_rows()));
  };

  const auto fitted =
      TransformPipeline::Fit(TableOf({NumbersColumn("a", {1, 1, 2})}), settings, observe);

  ASSERT_THAT(fitted, IsOk());
  EXPECT_THAT(seen, ElementsAre("1 deduplicate 3>2", "2 scale 2>2"));
}

}  // namespace
}  // namespace vitrine
