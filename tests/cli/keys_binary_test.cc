#include <gmock/gmock.h>

#include <string>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using vitrine::testing::ServerChild;
using vitrine::testing::TemporaryFolder;

// A store of its own, without a shop in it.
class KeysBinaryTest : public ::testing::Test {
 protected:
  Outcome Run(const std::string& arguments, const std::string& variables = "") {
    return RunVitrine(folder_.path(), arguments, variables);
  }

  TemporaryFolder folder_;
  const std::string store_ = folder_ / "store";
};

TEST_F(KeysBinaryTest, AKeyIsMadeShownOnceUsedAndRevoked) {
  const Outcome made = Run("keys create --store " + store_ + " --name ops --scopes read --rate 50");
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, StartsWith("vtr_"));
  WriteText(folder_ / "key", made.out);
  WriteText(folder_ / "config", "[lifecycle]\nauto_train_events = 0\n");

  const Outcome listed = Run("keys list --store " + store_);
  EXPECT_THAT(listed.out, HasSubstr("  ops "));
  EXPECT_THAT(listed.out, HasSubstr("50/s"));
  EXPECT_THAT(listed.out, Not(HasSubstr("vtr_")));

  {
    ServerChild server(store_, folder_ / "config", folder_ / "log");
    const std::string target = "status --target " + server.WaitForAddress();
    EXPECT_EQ(Run(target).status, 1);
    EXPECT_THAT(Run(target).err, HasSubstr("vitrine keys create"));
    EXPECT_EQ(Run(target + " --key-file " + (folder_ / "key")).status, 0);
    EXPECT_EQ(Run(target, "VITRINE_KEY=" + made.out.substr(0, made.out.size() - 1)).status, 0);
    EXPECT_THAT(Run(target, "VITRINE_KEY=vtr_wrong").err, HasSubstr("none of this server's"));
    EXPECT_EQ(Run(target + " --key-file " + (folder_ / "config") + " --cert x").status, 2);
    EXPECT_THAT(ReadText(folder_ / "log"), Not(HasSubstr("vtr_")));
  }
  EXPECT_EQ(Run("keys revoke --store " + store_ + " --key ops").status, 0);
  EXPECT_EQ(Run("keys revoke --store " + store_ + " --key ops").status, 1);
  EXPECT_THAT(Run("keys list --store " + store_).out, HasSubstr("nobody gets in"));
}

TEST_F(KeysBinaryTest, APublicAddressWantsTlsAndKeys) {
  const std::string serve = "serve --listen 0.0.0.0:0 --store " + store_;
  const Outcome bare = Run(serve);
  EXPECT_EQ(bare.status, 2);
  EXPECT_THAT(bare.err, HasSubstr("without TLS (--tls-cert, --tls-key) and keys"));

  ASSERT_EQ(Run("keys create --store " + store_ + " --name ops --scopes read").status, 0);
  const Outcome with_keys = Run(serve);
  EXPECT_EQ(with_keys.status, 2);
  EXPECT_THAT(with_keys.err, HasSubstr("without TLS (--tls-cert, --tls-key);"));
}

TEST_F(KeysBinaryTest, APublicAddressIsServedWithoutBothWhereSomebodyInsists) {
  WriteText(folder_ / "config", "[lifecycle]\nauto_train_events = 0\n");
  const ServerChild server(store_, folder_ / "config", folder_ / "log",
                           {"0.0.0.0:0", "--insecure"});
  const std::string address = server.WaitForAddress();
  ASSERT_THAT(address, StartsWith("0.0.0.0:"));

  // Nobody listens there who listens on 127.0.0.1 alone.
  const Outcome status = Run("status --target 127.0.0.2" + address.substr(address.rfind(':')));

  EXPECT_EQ(status.status, 0) << status.err;
  EXPECT_THAT(status.out, AllOf(HasSubstr("SERVING"), Not(HasSubstr("NOT_SERVING"))));
}

TEST_F(KeysBinaryTest, PublicMetricsWantToBeAskedFor) {
  const std::string serve = "serve --listen 127.0.0.1:0 --store " + store_;
  const Outcome by_flag = Run(serve + " --metrics 0.0.0.0:0");
  WriteText(folder_ / "config", "[metrics]\nlisten = \"[::]:0\"\n");
  const Outcome by_file = Run(serve + " --config " + (folder_ / "config"));

  EXPECT_EQ(by_flag.status, 2);
  EXPECT_THAT(by_flag.err,
              HasSubstr("the metrics on 0.0.0.0:0 can be reached from other machines"));
  EXPECT_EQ(by_file.status, 2);
  EXPECT_THAT(by_file.err, HasSubstr("the metrics on [::]:0 can be reached"));
}

TEST_F(KeysBinaryTest, AWordThatIsNoScopeIsNamed) {
  const Outcome outcome = Run("keys create --store " + store_ + " --name ops --scopes red");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("there is no scope \"red\""));
}

}  // namespace
}  // namespace vitrine::cli
