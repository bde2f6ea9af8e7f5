#include "cli/progress_bar.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(PaceTest, TellsHowLongTheRestTakesAsFastAsWhatWentBefore) {
  Pace pace;

  EXPECT_LT(pace.SecondsLeft(0, 7 * kMicrosPerSecond), 0) << "nothing is known yet";
  EXPECT_DOUBLE_EQ(pace.SecondsLeft(0.25, 17 * kMicrosPerSecond), 30);
  EXPECT_DOUBLE_EQ(pace.SecondsLeft(0.5, 37 * kMicrosPerSecond), 30);
  EXPECT_DOUBLE_EQ(pace.SecondsLeft(1, 47 * kMicrosPerSecond), 0);
}

TEST(PaceTest, BeginsAnewWithWhatBeginsAnew) {
  Pace pace;
  pace.SecondsLeft(0, kMicrosPerSecond);
  pace.SecondsLeft(0.9, 100 * kMicrosPerSecond);

  EXPECT_LT(pace.SecondsLeft(0.2, 101 * kMicrosPerSecond), 0);
  EXPECT_DOUBLE_EQ(pace.SecondsLeft(0.6, 105 * kMicrosPerSecond), 4);
}

class ProgressBarTest : public ::testing::Test {
 protected:
  ~ProgressBarTest() override {
    file_.reset();  // Which still writes there.
    std::free(bytes_);
  }

  // What was drawn since the last call.
  std::string Drawn() {
    std::fflush(file_.get());
    const std::string all(bytes_, size_);
    const std::string drawn = all.substr(seen_);
    seen_ = all.size();
    return drawn;
  }

  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t seen_ = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{open_memstream(&bytes_, &size_),
                                                        &std::fclose};
};

TEST_F(ProgressBarTest, ShowsTheTimeThatIsLeft) {
  ProgressBar bar(file_.get(), 100);

  bar.Show("train ials", 0);
  EXPECT_THAT(Drawn(), AllOf(HasSubstr("train ials [..."), HasSubstr("]   0 %  0 s"),
                             Not(HasSubstr("left"))));
  bar.Show("evaluate ials", 0.5);
  EXPECT_THAT(Drawn(), AllOf(HasSubstr("evaluate ials [####"), EndsWith(" s left")));
}

TEST_F(ProgressBarTest, ANetworkShowsItsEpochsAndItsLoss) {
  ProgressBar bar(file_.get(), 79);
  const TrainingContext context = bar.Follow({});
  bar.Show("train sequence_transformer", 0.1);
  Drawn();

  context.networks.on_progress({.epoch = 3,
                                .num_epochs = 20,
                                .step = 1,
                                .num_steps = 2,
                                .loss = 0.1234,
                                .seconds_left = 41});
  bar.Show("train sequence_transformer", 0.125);

  EXPECT_EQ(Drawn(),
            "\r\033[Ktrain sequence_transformer 12 %: epoch 3/20 [=====     ] loss 0.1234, "
            "41 s left")
      << "what matters fits a narrow terminal, the rest is cut off";
  bar.Show("evaluate blend", 0.2);
  EXPECT_THAT(Drawn(), Not(HasSubstr("loss"))) << "that stage is over";
}

TEST_F(ProgressBarTest, TakesItsLineAwayInWhateverItIsInTheMiddleOf) {
  {
    ProgressBar bar(file_.get(), 79);
    const TrainingContext context = bar.Follow({});
    bar.Show("train gan_cf", 0.1);
    Drawn();
    context.networks.on_progress({.epoch = 1, .num_epochs = 2, .step = 1, .num_steps = 2});
  }

  EXPECT_EQ(Drawn(), "\r\033[K");
}

TEST_F(ProgressBarTest, DrawsNothingWhereThereIsNoTerminal) {
  {
    ProgressBar bar(file_.get(), 0);
    bar.Show("train ials", 0);
  }

  EXPECT_THAT(Drawn(), IsEmpty());
}

}  // namespace
}  // namespace vitrine::cli
