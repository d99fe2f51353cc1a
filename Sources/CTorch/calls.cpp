// Calls by operator name. One function reaches all of ATen and Polyphony's own operators.

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include "door.h"

namespace polyphony {
namespace {

c10::IValue to_ivalue(const ctorch_value &value) {
  switch (value.tag) {
    case CTORCH_NONE:
      return c10::IValue();
    case CTORCH_TENSOR:
      return borrow(value.as.tensor);
    case CTORCH_INTEGER:
      return value.as.integer;
    case CTORCH_REAL:
      return value.as.real;
    case CTORCH_BOOLEAN:
      return value.as.integer != 0;
    case CTORCH_STRING:
      return std::string(value.as.string);
    case CTORCH_INTEGERS:
      return c10::List<int64_t>(c10::ArrayRef<int64_t>(value.as.integers, value.count));
    case CTORCH_REALS:
      return c10::List<double>(c10::ArrayRef<double>(value.as.reals, value.count));
    case CTORCH_BOOLEANS: {
      c10::List<bool> list;
      for (int32_t i = 0; i < value.count; i++) list.push_back(value.as.integers[i] != 0);
      return list;
    }
    case CTORCH_TENSORS: {
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) list.push_back(borrow(value.as.tensors[i]));
      return list;
    }
    case CTORCH_OPTIONAL_TENSORS: {
      c10::List<std::optional<at::Tensor>> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) {
        auto handle = value.as.tensors[i];
        list.push_back(handle ? std::optional<at::Tensor>(borrow(handle)) : std::nullopt);
      }
      return list;
    }
    case CTORCH_GENERATOR:
      return *reinterpret_cast<at::Generator *>(value.as.generator);
    case CTORCH_DEVICE:
      return decode(value.as.integer);
  }
  TORCH_CHECK(false, "unknown argument tag ", value.tag);
}

ctorch_value from_ivalue(c10::IValue value) {
  ctorch_value result{};
  if (value.isTensor()) {
    result.as.tensor = give(std::move(value).toTensor());
    result.tag = result.as.tensor ? CTORCH_TENSOR : CTORCH_NONE;
  } else if (value.isTensorList()) {
    auto list = value.toTensorVector();
    auto handles = static_cast<ctorch_tensor *>(malloc(sizeof(ctorch_tensor) * (list.size() + 1)));
    for (size_t i = 0; i < list.size(); i++) handles[i] = give(std::move(list[i]));
    result.tag = CTORCH_TENSORS;
    result.count = static_cast<int32_t>(list.size());
    result.as.tensors = handles;
  } else if (value.isBool()) {
    result.tag = CTORCH_BOOLEAN;
    result.as.integer = value.toBool();
  } else if (value.isInt()) {
    result.tag = CTORCH_INTEGER;
    result.as.integer = value.toInt();
  } else if (value.isDouble()) {
    result.tag = CTORCH_REAL;
    result.as.real = value.toDouble();
  } else if (value.isString()) {
    result.tag = CTORCH_STRING;
    result.as.string = strdup(value.toStringRef().c_str());
  } else {
    TORCH_CHECK(value.isNone(), "no form for a result of type ", value.tagKind());
  }
  return result;
}

ctorch_operator find(const char *name, const char *overload, char **error) {
  return guarded<ctorch_operator>(error, nullptr, [&] {
    auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
    return reinterpret_cast<ctorch_operator>(new c10::OperatorHandle(handle));
  });
}

int32_t call(ctorch_operator op, const ctorch_value *arguments, int32_t count, ctorch_value *results,
             int32_t capacity, int32_t *produced, char **error) {
  return guarded<int32_t>(error, 1, [&] {
    auto &handle = *reinterpret_cast<const c10::OperatorHandle *>(op);
    auto &schema = handle.schema().arguments();
    TORCH_CHECK(static_cast<size_t>(count) <= schema.size(), "takes ", schema.size(),
                " arguments, not ", count);
    torch::jit::Stack stack;
    stack.reserve(schema.size() + 2);
    for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(arguments[i]));
    for (size_t i = count; i < schema.size(); i++) {
      TORCH_CHECK(schema[i].default_value().has_value(), "argument ", schema[i].name(), " is missing");
      stack.push_back(*schema[i].default_value());
    }
    handle.callBoxed(stack);
    TORCH_CHECK(stack.size() <= static_cast<size_t>(capacity), "gives ", stack.size(), " results");
    *produced = static_cast<int32_t>(stack.size());
    for (size_t i = 0; i < stack.size(); i++) results[i] = from_ivalue(std::move(stack[i]));
    return 0;
  });
}

}  // namespace

void install_calls(ctorch_interface &table) {
  table.find = find;
  table.call = call;
}

}  // namespace polyphony
