// Runs `vitrine serve` with TLS, and calls it with the flags that every command has for it.

#include <gmock/gmock.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"
#include "testing/certificates.h"
#include "testing/eventually.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using vitrine::testing::Eventually;
using vitrine::testing::Identity;
using vitrine::testing::ServerChild;
using vitrine::testing::TemporaryFolder;

// The files of TLS are looked at when a signal says so: the clock would do it much later.
constexpr char kPatient[] =
    "[lifecycle]\nauto_train_events = 0\n"
    "[tls]\nreload_seconds = 3600\n";

// What a caller shows whom the servers of these tests know.
constexpr char kKnown[] = " --cert storefront.pem --cert-key storefront.key";

// Two roots, and a store of its own, without a shop in it.
class TlsBinaryTest : public ::testing::Test {
 protected:
  TlsBinaryTest() {
    WriteText(folder_ / "config", kPatient);
    WriteText(folder_ / "root.pem", root_.certificate());
    WriteText(folder_ / "other.pem", other_root_.certificate());
    Issue("server", root_);
    Issue("storefront", root_);
    Issue("stranger", other_root_);
  }

  // Writes a certificate of `name` and its private key.
  void Issue(const std::string& name, const Identity& issuer) const {
    const Identity identity(name, &issuer);
    WriteText(folder_ / (name + ".pem"), identity.certificate());
    WriteText(folder_ / (name + ".key"), identity.private_key());
  }

  // Starts a server with TLS on a free port of `host`. `more`: its other flags.
  void Start(const std::string& host, const std::vector<std::string>& more) {
    std::vector<std::string> flags = {host + ":0", "--tls-cert", folder_ / "server.pem",
                                      "--tls-key", folder_ / "server.key"};
    flags.insert(flags.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerChild>(folder_ / "store", folder_ / "config", log_, flags);
    const std::string address = server_->WaitForAddress();
    ASSERT_THAT(address, StartsWith(host + ":")) << ReadText(log_);
    address_ = "127.0.0.1" + address.substr(host.size());
  }

  Outcome Run(const std::string& arguments) const { return RunVitrine(folder_.path(), arguments); }
  Outcome Ask(const std::string& flags) const {
    return Run("status --target " + address_ + " " + flags);
  }

  void ExpectAnswered(const std::string& flags) const {
    const Outcome asked = Ask(flags);
    EXPECT_EQ(asked.status, 0) << asked.err;
    EXPECT_THAT(asked.out, AllOf(HasSubstr("SERVING"), Not(HasSubstr("NOT_SERVING"))));
  }
  void ExpectRefused(const std::string& flags, const std::string& cure,
                     const std::string& what = "the server at ") const {
    const Outcome asked = Ask(flags);
    EXPECT_EQ(asked.status, 1);
    EXPECT_EQ(asked.out, "");
    EXPECT_THAT(asked.err, HasSubstr("vitrine status: " + what + address_));
    EXPECT_THAT(asked.err, HasSubstr(cure));
  }

  // Tells the server to look at its files, and returns what it then logged.
  std::string Reload() const {
    const std::size_t before = ReadText(log_).size();
    server_->Send(SIGHUP);
    std::string lines;
    EXPECT_TRUE(Eventually([&] {
      lines = ReadText(log_).substr(before);
      return lines.find("serve.reload") != std::string::npos && lines.ends_with('\n');
    }));
    return lines;
  }

  TemporaryFolder folder_;
  const Identity root_{"root", nullptr};
  const Identity other_root_{"other", nullptr};
  const std::string log_ = folder_ / "log";
  const std::vector<std::string> client_ca_ = {"--tls-client-ca", folder_ / "root.pem"};
  std::unique_ptr<ServerChild> server_;
  std::string address_;  // To call it at, on this machine.
};

TEST_F(TlsBinaryTest, ACallerWithACertificateOfTheClientRootIsAnswered) {
  Start("127.0.0.1", client_ca_);

  ExpectAnswered(std::string("--ca root.pem") + kKnown);
}

TEST_F(TlsBinaryTest, ACallerWithoutACertificateIsRefused) {
  Start("127.0.0.1", client_ca_);

  ExpectRefused("--ca root.pem", "--cert and --cert-key");
  ExpectRefused("", "--tls or --ca");
}

TEST_F(TlsBinaryTest, ACallerWithACertificateOfAnotherRootIsRefused) {
  Start("127.0.0.1", client_ca_);

  ExpectRefused("--ca root.pem --cert stranger.pem --cert-key stranger.key",
                "of one that it trusts");
}

TEST_F(TlsBinaryTest, AServerOfAnotherRootIsNotTrusted) {
  Start("127.0.0.1", client_ca_);

  ExpectRefused(std::string("--ca other.pem") + kKnown,
                "--ca wants the certificate that its own was signed with");
}

TEST_F(TlsBinaryTest, ACertificateOfAnotherNameIsNotTrusted) {
  Start("0.0.0.0", client_ca_);
  address_ = "127.0.0.2" + address_.substr(address_.find(':'));

  ExpectRefused(std::string("--ca root.pem") + kKnown, "the name that is in it",
                "the certificate of the server at ");
}

TEST_F(TlsBinaryTest, AServerWithoutTlsIsNotAskedWithIt) {
  server_ = std::make_unique<ServerChild>(folder_ / "store", folder_ / "config", log_,
                                          std::vector<std::string>{"127.0.0.1:0"});
  address_ = server_->WaitForAddress();

  ExpectRefused("--ca root.pem", "leave out --tls");
}

TEST_F(TlsBinaryTest, APublicAddressIsServedWithTlsAndKeys) {
  const Outcome key = Run("keys create --store store --name ops --scopes read");
  ASSERT_EQ(key.status, 0) << key.err;
  WriteText(folder_ / "ops.key", key.out);

  Start("0.0.0.0", {});

  ExpectAnswered("--ca root.pem --key-file ops.key");
  const Outcome without = Ask("--ca root.pem");
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("vitrine keys create"));
}

TEST_F(TlsBinaryTest, APublicAddressIsServedWithTlsAndClientCertificates) {
  Start("0.0.0.0", client_ca_);

  ExpectAnswered(std::string("--ca root.pem") + kKnown);
}

TEST_F(TlsBinaryTest, APublicAddressWithTlsAloneIsRefusedForItsCallersAreUnknown) {
  const Outcome served =
      Run("serve --listen 0.0.0.0:0 --store store --tls-cert server.pem --tls-key server.key");

  EXPECT_EQ(served.status, 2);
  EXPECT_THAT(served.err, HasSubstr("without keys (`vitrine keys create`) or client certificates "
                                    "(--tls-client-ca);"));
}

TEST_F(TlsBinaryTest, ABrokenCertificateIsRefusedWithAllElseAndTheOneBeforeGoesOn) {
  Start("127.0.0.1", client_ca_);
  WriteText(folder_ / "config", std::string(kPatient) + "[placements.teaser]\npage_size = 2\n");
  WriteText(folder_ / "server.pem", "hello");

  const std::string said = Reload();

  EXPECT_THAT(
      said, AllOf(HasSubstr("serve.reload-refused"), HasSubstr("server.pem holds no certificate")));
  const Outcome listed = Run("placements --target " + address_ + " --ca root.pem" + kKnown);
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, Not(HasSubstr("teaser")));
}

TEST_F(TlsBinaryTest, ARenewedCertificateCountsFromTheReloadOn) {
  Start("127.0.0.1", client_ca_);
  Issue("server", other_root_);

  EXPECT_THAT(Reload(), HasSubstr("serve.reloaded"));

  ClientOptions options;
  options.tls = {.is_on = true,
                 .root_certificates = other_root_.certificate(),
                 .certificate = ReadText(folder_ / "storefront.pem"),
                 .private_key = ReadText(folder_ / "storefront.key")};
  EXPECT_TRUE(Eventually([&] { return Client::Connect(address_, options)->CheckHealth("").ok(); }));
}

}  // namespace
}  // namespace vitrine::cli
