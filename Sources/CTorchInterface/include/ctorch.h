// libtorch behind a table of C functions.
//
// The functions are in the dynamic library CTorch, which links libtorch. Swift loads that library at run time and takes
// this table from it, so that an absent or foreign libtorch is an error value. No C++ exception crosses this boundary.
// A function that can fail returns 0 for success and any other value for failure. On failure it leaves a message in
// *error, which the caller releases with free().

#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reference-counted tensor. The receiver of a tensor from a function owns one reference.
typedef struct ctorch_tensor_impl *ctorch_tensor;
/// A random number generator, owned by its creator.
typedef struct ctorch_generator_impl *ctorch_generator;
/// A process's membership in a group of processes.
typedef struct ctorch_group_impl *ctorch_group;
/// An operator of the dispatcher. It lives as long as the process.
typedef const struct ctorch_operator_impl *ctorch_operator;

enum {
  CTORCH_NONE = 0,
  CTORCH_TENSOR,
  CTORCH_INTEGER,  // also element types, layouts and memory formats
  CTORCH_REAL,
  CTORCH_BOOLEAN,
  CTORCH_STRING,
  CTORCH_INTEGERS,
  CTORCH_REALS,
  CTORCH_BOOLEANS,  // `integers`, non-zero is true
  CTORCH_TENSORS,
  CTORCH_OPTIONAL_TENSORS,  // NULL entries allowed
  CTORCH_GENERATOR,
  CTORCH_DEVICE,  // `integer` = type << 8 | (index + 1)
};

/// An argument or a result of an operator.
typedef struct {
  int32_t tag;
  int32_t count;  // of lists
  union {
    int64_t integer;
    double real;
    const char *string;  // in results: to be released with free()
    const int64_t *integers;
    const double *reals;
    ctorch_tensor tensor;
    const ctorch_tensor *tensors;  // in results: to be released with free(), after its elements
    ctorch_generator generator;
  } as;
} ctorch_value;

/// The version of the table below. It changes with every change of the table.
#define CTORCH_INTERFACE_VERSION 3

/// The place of this process in a group, and where the members meet.
typedef struct {
  const char *address;  // the host of the store
  int32_t port;
  bool hosts_store;    // true if this process hosts it
  const char *prefix;  // keeps the keys of several groups in one store apart
  int32_t rank, size;
  int64_t timeout_ms;  // of the meeting, and of every collective
} ctorch_group_place;

typedef struct {
  uint32_t interface_version;
  /// The version of libtorch whose headers the library was compiled with, such as "2.13.0".
  const char *built_version;
  /// The version of the libtorch that is loaded: major << 56 | minor << 48 | patch << 40.
  uint64_t (*loaded_version)(void);

  // Operators.
  ctorch_operator (*find)(const char *name, const char *overload, char **error);
  /// Calls an operator. Arguments omitted at the end take the defaults of the operator's schema.
  int32_t (*call)(ctorch_operator op, const ctorch_value *arguments, int32_t count,
                  ctorch_value *results, int32_t capacity, int32_t *produced, char **error);

  // Tensors.
  void (*retain)(ctorch_tensor tensor);
  void (*release)(ctorch_tensor tensor);
  int32_t (*dimensions)(ctorch_tensor tensor);
  const int64_t *(*sizes)(ctorch_tensor tensor);
  const int64_t *(*strides)(ctorch_tensor tensor);
  int32_t (*element_type)(ctorch_tensor tensor);
  int64_t (*device)(ctorch_tensor tensor);  // as in CTORCH_DEVICE
  void *(*data)(ctorch_tensor tensor, char **error);
  bool (*is_contiguous)(ctorch_tensor tensor);
  /// Wraps memory without a copy. It calls `release` with `context` after the last view has gone.
  ctorch_tensor (*wrap)(void *data, const int64_t *sizes, int32_t dimensions, int32_t element_type,
                        void (*release)(void *context), void *context, char **error);

  // Autograd.
  bool (*requires_gradient)(ctorch_tensor tensor);
  int32_t (*set_requires_gradient)(ctorch_tensor tensor, bool value, char **error);
  bool (*is_leaf)(ctorch_tensor tensor);
  ctorch_tensor (*gradient)(ctorch_tensor tensor);  // NULL: none yet
  int32_t (*set_gradient)(ctorch_tensor tensor, ctorch_tensor gradient, char **error);
  /// Runs backward. `seed` may be NULL for a scalar.
  int32_t (*backward)(ctorch_tensor tensor, ctorch_tensor seed, bool retain_graph, char **error);
  /// Computes the gradients of `outputs` with respect to `inputs`. The entry in `gradients` of an unused input is NULL.
  int32_t (*gradients)(const ctorch_tensor *outputs, const ctorch_tensor *seeds, int32_t output_count,
                       const ctorch_tensor *inputs, int32_t input_count, bool retain_graph,
                       bool create_graph, ctorch_tensor *gradients, char **error);
  bool (*gradient_mode)(void);
  void (*set_gradient_mode)(bool enabled);

  // Random numbers. The state of a generator is a tensor of bytes.
  void (*seed)(uint64_t seed);
  ctorch_generator (*default_generator)(void);
  ctorch_generator (*new_generator)(uint64_t seed);
  void (*release_generator)(ctorch_generator generator);
  ctorch_tensor (*generator_state)(ctorch_generator generator, char **error);
  int32_t (*set_generator_state)(ctorch_generator generator, ctorch_tensor state, char **error);

  // The machine.
  int32_t (*thread_count)(void);
  int32_t (*set_thread_count)(int32_t count, char **error);
  /// Limits the threads of operators that the calling thread starts. Other threads keep theirs.
  void (*limit_this_thread)(int32_t count);
  const char *(*cpu_capability)(void);
  int32_t (*cuda_device_count)(void);
  void (*set_deterministic)(bool value);
  /// Returns libtorch's description of its build, to be released with free().
  char *(*configuration)(void);

  // Groups of processes. All members call the same functions in the same order.
  ctorch_group (*join_group)(const ctorch_group_place *place, char **error);
  void (*leave_group)(ctorch_group group);
  /// Replaces the elements by their sums over all members.
  int32_t (*all_reduce)(ctorch_group group, ctorch_tensor tensor, char **error);
  /// Replaces the elements by those of the member `root`.
  int32_t (*broadcast)(ctorch_group group, ctorch_tensor tensor, int32_t root, char **error);
  /// Fills `results`, one tensor for each member and all of one size, with the tensors of the members.
  int32_t (*all_gather)(ctorch_group group, ctorch_tensor tensor, const ctorch_tensor *results, int32_t count,
                        char **error);
} ctorch_interface;

/// The one symbol that the library CTorch exports.
typedef const ctorch_interface *(*ctorch_entry)(void);

/// Returns the path of the program or library that contains this function. For a program on Linux it is a link to it.
const char *ctorch_own_path(void);

/// Makes the C library's allocator keep freed memory for later allocations. It has no effect without such a setting.
void ctorch_keep_freed_memory(void);

#ifdef __cplusplus
}
#endif
#endif
