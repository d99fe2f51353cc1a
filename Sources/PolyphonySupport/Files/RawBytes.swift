/// Calls `body` with the bytes of an array, like `withUnsafeBytes`, but keeps the type of the error.
package func withRawBytes<Element: BitwiseCopyable, Result>(
  of elements: [Element], _ body: (UnsafeRawBufferPointer) throws(Fault) -> Result
) throws(Fault) -> Result {
  try elements.withUnsafeBytes { bytes in
    Swift.Result { () throws(Fault) in try body(bytes) }
  }.get()
}
