#include "cli/serve_command.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "cli/address.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/model_settings.h"
#include "cli/placement_config.h"
#include "cli/reload.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/log.h"
#include "vitrine/base/memory.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/api_keys.h"

namespace vitrine::cli {
namespace {

struct ServeFlags {
  std::string store;
  std::string config;
  std::string listen;
  std::string metrics;
  ServerTls tls;
  bool is_insecure = false;
};

absl::StatusOr<Config> ReadConfig(const ServeFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(flags.config));
  RaiseMinShoppers(config.store.min_group, config.lifecycle.models, config.lifecycle.settings);
  if (!flags.listen.empty()) config.server.address = flags.listen;
  if (!flags.metrics.empty()) config.server.metrics_address = flags.metrics;
  ServerTls& tls = config.server.tls;
  if (!flags.tls.certificate.empty()) tls.certificate = flags.tls.certificate;
  if (!flags.tls.private_key.empty()) tls.private_key = flags.tls.private_key;
  if (!flags.tls.client_ca.empty()) tls.client_ca = flags.tls.client_ca;
  return config;
}

// The metrics have neither TLS nor keys that could be asked for.
absl::Status CheckMetricsExposure(const ServeFlags& flags, const ServerOptions& server) {
  const std::string& address = server.metrics_address;
  if (address.empty() || IsPrivateAddress(address) || flags.is_insecure) return absl::OkStatus();
  return UsageError(absl::StrFormat(
      "the metrics on %s can be reached from other machines, and have neither TLS nor keys; listen "
      "on 127.0.0.1:PORT, or say --insecure on a network that you trust",
      address));
}

// Who can reach the server from elsewhere must be met with TLS, and show a key or a certificate.
absl::Status CheckExposure(const ServeFlags& flags, const ServerOptions& server) {
  VITRINE_RETURN_IF_ERROR(CheckMetricsExposure(flags, server));
  if (IsPrivateAddress(server.address) || flags.is_insecure) return absl::OkStatus();
  std::string missing;
  if (server.tls.certificate.empty()) missing = "TLS (--tls-cert, --tls-key)";
  if (!server.keys->is_required() && server.tls.client_ca.empty()) {
    if (!missing.empty()) missing += " and ";
    missing += "keys (`vitrine keys create`) or client certificates (--tls-client-ca)";
  }
  if (missing.empty()) return absl::OkStatus();
  return UsageError(absl::StrFormat(
      "%s can be reached from other machines, without %s; add them, listen on 127.0.0.1:PORT, or "
      "say --insecure on a network that you trust",
      server.address, missing));
}

// Keys that were made or revoked since; what cannot be read leaves those that counted before.
void RefreshKeys(KeyRing& keys) {
  const absl::Status read = keys.Refresh();
  if (!read.ok()) Log(LogLevel::kError, "serve.keys-unreadable", {{"status", read.ToString()}});
}

sigset_t SetOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

// What is told to a server, blocked in every thread so that one can wait for it.
sigset_t BlockSignals() {
  const sigset_t signals = SetOf({SIGINT, SIGTERM, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// While it lives, a signal to stop ends the process at once: a log that is being replayed loses
// nothing, and nobody is answered yet. REQUIRES: BlockSignals was called
class StopsWhileStarting {
 public:
  StopsWhileStarting()
      : watch_([](const std::stop_token& is_over) {
          const sigset_t stops = SetOf({SIGINT, SIGTERM});
          const timespec poll = {.tv_sec = 0, .tv_nsec = 5'000'000};  // A start waits for its end.
          while (!is_over.stop_requested()) {
            const int signal = sigtimedwait(&stops, nullptr, &poll);
            if (signal < 0) continue;
            Log(LogLevel::kInfo, "serve.stopped-while-starting", {{"signal", signal}});
            std::_Exit(0);
          }
        }) {}

 private:
  std::jthread watch_;
};

// What the health check says of the services that write: whether the disk takes writes. Said again
// at every look, since the server itself says so too when a write fails.
void TellWritable(Server& server, const absl::Status& writable, bool was_writable) {
  if (writable.ok() != was_writable) {
    Log(writable.ok() ? LogLevel::kWarning : LogLevel::kError,
        writable.ok() ? "serve.writable-again" : "serve.read-only",
        {{"reason", std::string(writable.message())}});
  }
  server.SetWritable(writable.ok());
}

// Reads the configuration again, as for a start, and takes it in or leaves all as it was.
void ReloadConfig(const ServeFlags& flags, const Configured& parts, Config& config) {
  absl::StatusOr<Config> next = ReadConfig(flags);
  const absl::Status taken = next.ok() ? Reload(config, *next, parts) : next.status();
  if (!taken.ok()) {
    Log(LogLevel::kError, "serve.reload-refused", {{"reason", std::string(taken.message())}});
    return;
  }
  config = *std::move(next);
  Log(LogLevel::kInfo, "serve.reloaded", {{"config", flags.config}});
}

// The first signal to stop starts the drain; from then on a second one ends the process at once.
void ServeUntilSignal(const sigset_t& signals, const ServeFlags& flags, const FeatureStore& store,
                      const Configured& parts, Config& config) {
  const timespec poll = {.tv_sec = 1, .tv_nsec = 0};
  bool is_writable = true;
  int signal = -1;
  while (signal < 0 || signal == SIGHUP) {
    signal = sigtimedwait(&signals, nullptr, &poll);
    if (signal == SIGHUP) ReloadConfig(flags, parts, config);
    RefreshKeys(parts.keys);
    const absl::Status writable = store.status().writable;
    TellWritable(parts.server, writable, is_writable);
    is_writable = writable.ok();
  }
  const sigset_t stops = SetOf({SIGINT, SIGTERM});  // Not SIGHUP, which would be the third way.
  // A shell leaves SIGINT ignored for what it starts in the background.
  for (const int stop : {SIGINT, SIGTERM}) std::signal(stop, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
  Log(LogLevel::kInfo, "serve.draining", {{"signal", signal}});
}

std::string ShownAddress(const ServerOptions& options, int port) {
  if (options.address.starts_with("unix:")) return options.address;
  return options.address.substr(0, options.address.rfind(':')) + ":" + std::to_string(port);
}

absl::Status Serve(const ServeFlags& flags) {
  // Debian builds Abseil so that every lock of gRPC's is checked for deadlocks.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  VITRINE_ASSIGN_OR_RETURN(Config config, ReadConfig(flags));
  SetLogFormat(config.log_format);
  SetLogLevel(config.log_level);
  RouteGrpcLog();
  VITRINE_ASSIGN_OR_RETURN(const auto keys, KeyRing::Open(KeyFile(LocalFileSystem(), flags.store)));
  config.server.keys = keys.get();
  VITRINE_RETURN_IF_ERROR(CheckExposure(flags, config.server));
  const sigset_t signals = BlockSignals();
  std::optional<StopsWhileStarting> starting(std::in_place);
  const Micros started_us = MonotonicNow();

  // First the address, answering NOT_SERVING, so that a long replay can be watched.
  VITRINE_ASSIGN_OR_RETURN(const auto server, Server::Create(config.server, SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  KeepFreedMemory(store->catalogue().num_indices());
  VITRINE_ASSIGN_OR_RETURN(const auto placements, OpenPlacements(flags.store, config.placements));
  config.lifecycle.placements = placements.get();
  Published<ModelSet> models(std::make_shared<const ModelSet>());
  Counters counters;
  const Engine engine(*store, models, counters, SystemClock(), config.engine, placements.get());
  config.lifecycle.engine = config.engine;
  config.lifecycle.warm_up = [&engine](const auto& next) { engine.WarmUp(next); };
  VITRINE_ASSIGN_OR_RETURN(
      auto lifecycle, Lifecycle::Start(*store, LocalFileSystem(), flags.store + "/models", models,
                                       config.lifecycle));
  starting.reset();
  server->Serve({.engine = &engine,
                 .store = store.get(),
                 .models = lifecycle.get(),
                 .placements = placements.get(),
                 .counters = &counters,
                 .observer = lifecycle.get()});

  const StoreStatus status = store->status();
  Log(LogLevel::kInfo, "serve.ready",
      {{"items", status.num_items},
       {"events", status.num_events},
       {"model", models.Get()->version},
       {"start_ms", (MonotonicNow() - started_us) / 1000}});
  std::printf("vitrine serves %s on %s\n", flags.store.c_str(),
              ShownAddress(config.server, server->port()).c_str());
  std::fflush(stdout);

  const Configured parts = {
      .server = *server, .lifecycle = *lifecycle, .placements = *placements, .keys = *keys};
  ServeUntilSignal(signals, flags, *store, parts, config);
  server->Drain(static_cast<Micros>(config.drain_seconds * kMicrosPerSecond));
  lifecycle.reset();  // Ends a training before the store goes.
  return absl::OkStatus();
}

}  // namespace

void AddServeCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "serve", "Serve a store over gRPC until SIGTERM or Ctrl-C",
      "Example: vitrine serve --store store --config vitrine.toml --listen 127.0.0.1:50051\n"
      "Prints its address on standard output once it answers. A stop is graceful: the health "
      "check\n"
      "turns NOT_SERVING, what is in flight is finished, the views are written; a second signal\n"
      "ends it at once, and loses nothing either. SIGHUP reads --config again: "
      "docs/ops/reload.md.");
  const auto flags = std::make_shared<ServeFlags>();
  command->add_option("--store", flags->store, "Folder of the store; made if it is not there")
      ->required();
  command->add_option("--config", flags->config, "TOML file, see docs/vitrine.example.toml")
      ->check(CLI::ExistingFile);
  command->add_option("--listen", flags->listen,
                      "HOST:PORT or unix:/PATH [127.0.0.1:50051]; port 0 takes a free one");
  command->add_option("--metrics", flags->metrics,
                      "HOST:PORT of plain HTTP for /metrics, /healthz and /readyz [none]");
  command->add_option("--tls-cert", flags->tls.certificate, "PEM file of the server's certificate");
  command->add_option("--tls-key", flags->tls.private_key, "PEM file of its private key");
  command->add_option("--tls-client-ca", flags->tls.client_ca,
                      "PEM file: callers must show a certificate that it signed");
  command->add_flag("--insecure", flags->is_insecure,
                    "Allow an address that other machines can reach without TLS or keys");
  RunOnParse(command, exit_status, [flags] { return Serve(*flags); });
}

}  // namespace vitrine::cli
