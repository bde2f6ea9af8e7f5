#include "cli/loss_curves.h"

#include <gmock/gmock.h>

#include <string>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

class LossCurvesTest : public ::testing::Test {
 protected:
  void Learn(const std::string& network, double loss) {
    context_.networks.on_learned(
        network, {.epochs = {{.epoch = 1, .loss = loss, .validation_loss = 1}}, .best_epoch = 1});
  }

  std::string TextOf(const std::string& name) const {
    return LocalFileSystem().ReadFile(folder_ / name).value_or("no file");
  }

  const TemporaryFolder folder_;
  LossCurves curves_;
  const TrainingContext context_ = curves_.Follow({});
};

TEST_F(LossCurvesTest, TheOnlyOneGoesToTheFileThatIsNamed) {
  Learn("gan_cf", 5);
  Learn("gan_cf", 3);

  ASSERT_THAT(curves_.Write(LocalFileSystem(), folder_ / "loss.csv"), IsOk());

  EXPECT_EQ(TextOf("loss.csv"), "epoch,loss,validation_loss,learning_rate\n1,3,1,0\n")
      << "of the latest training";
}

TEST_F(LossCurvesTest, OfSeveralEachHasAFileWithItsName) {
  Learn("gan_cf", 5);
  Learn("neural_cf.both", 3);

  ASSERT_THAT(curves_.Write(LocalFileSystem(), folder_ / "loss.svg"), IsOk());

  EXPECT_THAT(TextOf("loss-gan_cf.svg"), StartsWith("<svg"));
  EXPECT_THAT(TextOf("loss-neural_cf.both.svg"), StartsWith("<svg"));
  EXPECT_EQ(TextOf("loss.svg"), "no file");
}

TEST_F(LossCurvesTest, NoneIsAnError) {
  EXPECT_THAT(curves_.Write(LocalFileSystem(), folder_ / "loss.svg"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(LossCurvesTest, AFolderThatIsNotThereIsFoundBeforeTheTraining) {
  EXPECT_THAT(CheckLossCurve("loss.csv"), IsOk()) << "in the folder of the caller";
  EXPECT_THAT(CheckLossCurve(folder_ / "loss.csv"), IsOk());
  EXPECT_THAT(CheckLossCurve(folder_ / "loss.png"), StatusIs(absl::StatusCode::kInvalidArgument));

  const absl::Status refused = CheckLossCurve(folder_ / "missing/loss.svg");

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("--loss-curve: there is no folder "),
                                                    HasSubstr(folder_ / "missing")));
}

TEST(CheckLearnsByEpochsTest, WantsOneThatDoes) {
  EXPECT_THAT(CheckLearnsByEpochs("--loss-curve", {"ials", "gan_cf"}), IsOk());
  EXPECT_THAT(CheckLearnsByEpochs("--loss-curve", {"purchase_predictor"}), IsOk());
  EXPECT_THAT(CheckLearnsByEpochs("--loss-curve", {"auto"}), IsOk()) << "it may choose one";

  const absl::Status refused = CheckLearnsByEpochs("--loss-curve", {"ials", "bpr"});

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("(deep_ranker, gan_cf, lightgcn, "), HasSubstr("is bpr, ials")));
}

}  // namespace
}  // namespace vitrine::cli
