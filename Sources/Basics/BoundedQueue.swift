/// A first-in first-out queue that refuses what goes past its limit.
///
/// Its code is seen by those who use it: without that, each step looks the type of its elements up.
package struct BoundedQueue<Element> {
  /// Most elements it holds.
  package let countMax: Int
  @usableFromInline var slots: [Element?]
  @usableFromInline var head = 0
  @usableFromInline var waitingCount = 0

  /// Number of elements waiting.
  @inlinable package var count: Int { waitingCount }

  /// Makes an empty queue; the limit is above zero.
  @inlinable package init(countMax: Int) {
    precondition(countMax > 0, "a queue needs room for one element")
    self.countMax = countMax
    slots = Array(repeating: nil, count: Swift.min(countMax, 16))
  }

  /// Whether nothing waits.
  @inlinable package var isEmpty: Bool { count == 0 }

  /// Adds an element at the end; false when the queue is full.
  @inlinable package mutating func append(_ element: Element) -> Bool {
    guard count < countMax else { return false }
    if count == slots.count { grow() }
    slots[(head + count) % slots.count] = element
    waitingCount += 1
    return true
  }

  /// Takes the oldest element; nil when the queue is empty.
  @inlinable package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head]
    slots[head] = nil
    head = (head + 1) % slots.count
    waitingCount -= 1
    return element
  }

  @usableFromInline mutating func grow() {
    var larger = [Element?](
      repeating: nil, count: Swift.min(countMax, slots.count * 2))
    for index in 0..<count { larger[index] = slots[(head + index) % slots.count] }
    slots = larger
    head = 0
  }
}

extension BoundedQueue: Sendable where Element: Sendable {}
