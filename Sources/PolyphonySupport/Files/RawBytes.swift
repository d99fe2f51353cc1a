/// The bytes of an array, as `withUnsafeBytes`, but passing on the type of the error.
package func withRawBytes<Element: BitwiseCopyable, Result>(
  of elements: [Element], _ body: (UnsafeRawBufferPointer) throws(Fault) -> Result
) throws(Fault) -> Result {
  try elements.withUnsafeBytes { bytes in
    Swift.Result { () throws(Fault) in try body(bytes) }
  }.get()
}
