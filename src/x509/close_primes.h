// Fermat's factorization: what it finds in a few rounds, anybody finds. Internal to x509.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "x509/small_primes.h"

namespace signet {

/// The round in which Fermat's method finds n = (a - b)(a + b), where round k tries a = floor(sqrt(n)) + k, that is
/// whether a^2 - n is a square; 0 where n is a square itself; nothing where no round up to `rounds` finds anything.
/// `modulus` is n, big-endian, not 0, and `residues` are its own.
/// Errors: kInternal (OpenSSL out of memory).
[[nodiscard]] Result<std::optional<unsigned>> fermat_round(ByteView modulus, const SmallResidues& residues,
                                                           unsigned rounds);

}  // namespace signet
