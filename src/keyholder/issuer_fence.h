// The fence's rules that are the same for everything a CA's key signs.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "config/daemon_config.h"
#include "x509/certificate.h"

namespace signet {

/// fence.form: nothing hides in what the fields that were read do not show. `written` is what this CA writes of them.
[[nodiscard]] Result<void> check_form(ByteView written, ByteView der);
/// fence.algorithm: it is the one that the key of `issuer` signs with under `rules`.
[[nodiscard]] Result<void> check_algorithm(SignatureAlgorithm algorithm, const FenceConfig& rules,
                                           const Certificate& issuer);
/// fence.issuer: it is byte for byte the certificate's subject.
[[nodiscard]] Result<void> check_issuer(const Name& name, const Certificate& issuer);
/// fence.authority_key_id: it is the certificate's subjectKeyIdentifier; absent where that is.
[[nodiscard]] Result<void> check_authority_key_id(const std::optional<Bytes>& key_id, const Certificate& issuer);
/// fence.`rule`: `time`, which the structure calls `what`, is within rules.clock_tolerance of `now`, either way.
[[nodiscard]] Result<void> check_is_now(std::string_view rule, std::string_view what, Time time,
                                        const FenceConfig& rules, Time now);
/// fence.`rule`: `next_update` is after `this_update`, by at most `longest`, which the configuration calls `limit`.
[[nodiscard]] Result<void> check_period(std::string_view rule, Time this_update, Time next_update,
                                        std::chrono::seconds longest, std::string_view limit);

}  // namespace signet
