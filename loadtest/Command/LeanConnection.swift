import Glibc

/// A connection of the client: sends a request, takes its answer.
final class LeanConnection {
  /// An answer that is whole.
  struct WholeAnswer {
    let status: Int
    /// The beginning of its body, of an answer that is no 200.
    let text: String
  }

  let socket: Int32
  private(set) var isOpen = true
  /// Whether a request waits for its answer.
  var isBusy = false
  private(set) var sentCount = 0
  /// When the request that waits was due, by the monotonic clock.
  private(set) var due: Int64 = 0
  private var supply: BatchSupply
  /// What the socket did not take yet.
  private var rest: ArraySlice<UInt8> = []
  /// What came of an answer that is not whole.
  private var begun: [UInt8] = []

  init(socket: Int32, supply: BatchSupply) {
    self.socket = socket
    self.supply = supply
  }

  /// Whether a part of the request waits for room in the socket.
  var isSending: Bool { !rest.isEmpty }

  func close() {
    if isOpen { Glibc.close(socket) }
    isOpen = false
  }

  /// Sends the next request; false when there is none.
  func sendNext(due: Int64) -> Bool {
    guard let request = supply.next() else { return false }
    self.due = due
    isBusy = true
    sentCount += 1
    rest = request[...]
    sendRest()
    return true
  }

  /// Sends what the socket takes now.
  func sendRest() {
    let taken = rest.withUnsafeBytes { raw in
      send(socket, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
    if taken >= 0 {
      rest = rest.dropFirst(taken)
    } else if errno != EAGAIN, errno != EINTR {
      close()
    }
  }

  /// Takes what has come; the answer once it is whole.
  func receive(with buffer: inout [UInt8]) -> WholeAnswer? {
    let socket = socket
    let count = buffer.withUnsafeMutableBytes { raw in
      recv(socket, raw.baseAddress, raw.count, Int32(MSG_DONTWAIT))
    }
    guard count > 0 else {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { close() }
      return nil
    }
    var answer: WholeAnswer?
    if begun.isEmpty {
      answer = buffer.withUnsafeBytes { Self.whole(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      if answer == nil { begun = Array(buffer[..<count]) }
    } else {
      begun += buffer[..<count]
      answer = begun.withUnsafeBytes { Self.whole($0) }
      if answer != nil { begun.removeAll(keepingCapacity: true) }
    }
    if answer != nil { isBusy = false }
    return answer
  }

  /// An answer that is whole; nil while more has to come.
  private static func whole(_ raw: UnsafeRawBufferPointer) -> WholeAnswer? {
    guard raw.count > 16, let headEnd = find("\r\n\r\n", in: raw, until: raw.count) else {
      return nil
    }
    let bodyStart = headEnd + 4
    guard raw.count >= bodyStart + length(in: raw, headEnd: headEnd) else { return nil }
    let status = Int(raw[9] &- 48) * 100 + Int(raw[10] &- 48) * 10 + Int(raw[11] &- 48)
    return WholeAnswer(
      status: status,
      text: status == 200 ? "" : String(decoding: raw[bodyStart...].prefix(300), as: UTF8.self))
  }

  /// The value of Content-Length in a head.
  private static func length(in raw: UnsafeRawBufferPointer, headEnd: Int) -> Int {
    guard let found = find("content-length: ", in: raw, until: headEnd) else { return 0 }
    var index = found + 16
    var length = 0
    while index < headEnd, case 48...57 = raw[index] {
      length = length * 10 + Int(raw[index] - 48)
      index += 1
    }
    return length
  }

  /// Where a text begins.
  private static func find(
    _ text: StaticString, in raw: UnsafeRawBufferPointer, until end: Int
  ) -> Int? {
    guard let start = raw.baseAddress else { return nil }
    let count = text.utf8CodeUnitCount
    let first = text.utf8Start[0]
    var index = 0
    while index + count <= end {
      if raw[index] == first, memcmp(start + index, text.utf8Start, count) == 0 { return index }
      index += 1
    }
    return nil
  }
}
