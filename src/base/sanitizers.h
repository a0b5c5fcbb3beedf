// Whether this is a build with sanitizers. GCC says it with a macro, clang answers a question.
#pragma once

#if defined(__has_feature)
#define SIGNET_HAS_FEATURE(feature) __has_feature(feature)
#else
#define SIGNET_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || SIGNET_HAS_FEATURE(address_sanitizer)
#define SIGNET_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_THREAD__) || SIGNET_HAS_FEATURE(thread_sanitizer)
#define SIGNET_THREAD_SANITIZER
#endif
