// What must hold for any text of a configuration or policy. The fuzz target looks for texts that break it;
// fuzz_replay_test runs it on the corpus.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "config/daemon_config.h"
#include "config/hsm_profile.h"
#include "policy/policy.h"

namespace signet::testing {

/// Ends the process, which both the fuzzer and the replay test notice.
inline void must_hold(bool property, const char* what) {
  if (property) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

template <class T>
void must_explain(const Result<T>& result) {
  if (result.has_value()) return;
  must_hold(result.error().code == ErrorCode::kInvalidArgument, "a bad text is an invalid argument");
  must_hold(result.error().message.starts_with("fuzz.toml:"), "a complaint names its place");
}

inline void check_key_property(const DaemonConfig& config, const KeyConfig& key) {
  must_hold(!key.tokens.empty(), "a key has a token");
  for (const std::string& token : key.tokens) must_hold(config.tokens.contains(token), "a key has its tokens");
  must_hold(!key.signs_log() || key.tokens.size() == 1, "a log key is on one token");
  must_hold(key.signs_log() == config.origin_of_log_key(key.name).has_value(),
            "a log key, and no other, has an origin");
  must_hold(key.certificate.empty() == key.signs_log(), "what signs certificates has one");
  must_hold(key.public_key.empty() != key.signs_log(), "a log key has a public key");
}

inline void check_key_rules_property(const KeyRules& rules) {
  must_hold(rules.rsa_bits_min >= 2048 && rules.rsa_bits_min <= rules.rsa_bits_max, "some size of RSA is taken");
  must_hold(!rules.rsa_exponents.empty(), "some exponent is taken");
  for (const std::uint64_t exponent : rules.rsa_exponents)
    must_hold(exponent >= 3 && exponent % 2 == 1, "an exponent is odd and not 1");
}

inline void check_client_property(const Policy& policy, const PolicyClient& client) {
  must_hold(!client.identities.empty(), "a client can be recognised");
  for (const std::string& identity : client.identities)
    must_hold(policy.find_client(PeerIdentity{{identity}}) == &client, "an identity has one client");
  for (const std::string& profile : client.profiles)
    must_hold(policy.find_profile(profile) != nullptr, "a profile exists");
  if (client.rate) {
    must_hold(client.rate->requests > 0 && client.rate->period.count() > 0 && client.rate->burst > 0,
              "a rate lets something through");
  }
  if (client.validity_max) must_hold(client.validity_max->count() >= 60, "a client can have certificates");
}

/// Nothing crashes; what is refused is explained; what is accepted keeps its cross references.
inline void check_config_property(ByteView text) {
  const auto config = parse_daemon_config(text, "fuzz.toml");
  must_explain(config);
  if (config.has_value()) {
    for (const auto& [name, key] : config->keys) check_key_property(*config, key);
    for (const auto& [name, issuer] : config->issuers) {
      must_hold(config->keys.contains(issuer.key), "an issuer has its key");
      must_hold(!config->keys.at(issuer.key).signs_log(), "an issuer's key signs certificates");
    }
    must_hold(config->keys.contains(config->log.key), "the log has its key");
  }
  const auto policy = Policy::parse(text, "fuzz.toml");
  must_explain(policy);
  if (policy.has_value()) {
    for (const auto& [name, profile] : policy->profiles()) check_key_rules_property(profile.key_rules);
    for (const auto& [name, client] : policy->clients()) check_client_property(*policy, client);
  }
  must_explain(parse_hsm_profile(text, "fuzz.toml"));
}

}  // namespace signet::testing
