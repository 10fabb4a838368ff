import HTTPTypes
import NIOCore
import NIOHTTP1
import Synchronization

/// A request as it reached the core, in full.
struct TakenRequest: Equatable {
  let line: String
  let fields: [String]
  let body: [UInt8]
}

/// When the stand-in answers.
enum AnswerHabit: UInt8 {
  case atOnce, afterEachPiece, whenNothingMoreIsRead, onceTheOtherSideHasGone
}

/// Stands where the service has its core: takes requests, and answers each by its number.
///
/// All that it shares with the connection is as in the service, and its limits are small ones, so
/// that they are reached.
final class EdgeCore: Sendable {
  static let closingPath = "/close"
  private static let bytesMax = ["/small": 16, "/large": 2048]
  private static let bytesMaxOfOthers = 256

  private struct State: Sendable {
    var requests: [TakenRequest] = []
    var waiting: [EdgeRequest] = []
    var answeredCount = 0
  }

  let limits: EdgeLimits
  let budget: InFlightBudget
  private let answersAtOnce: Bool
  private let state = Mutex(State())

  init(_ limits: EdgeLimits, answersAtOnce: Bool) {
    self.limits = limits
    self.answersAtOnce = answersAtOnce
    budget = InFlightBudget(limits)
  }

  var requests: [TakenRequest] { state.withLock { $0.requests } }
  var answeredCount: Int { state.withLock { $0.answeredCount } }
  var owesAnswer: Bool { state.withLock { !$0.waiting.isEmpty } }

  // MARK: What a connection asks of its core

  var overloaded: Problem {
    Problem(.serviceUnavailable, "overloaded", "There is no room.", retryAfterSeconds: 2)
  }

  func noRoomForAnswer() -> EdgeReply {
    var reply = EdgeReply(overloaded)
    reply.closes = true
    return reply
  }

  func countRefusal(_ problem: Problem, _ head: HTTPRequestHead) {
    countRefusal(problem.code)
    precondition(!problem.detail.isEmpty, "a refusal without words")
  }

  func countRefusal(_ code: String) { precondition(!code.isEmpty, "a refusal without a word") }

  func route(of head: HTTPRequestHead) -> EdgeRoute {
    EdgeRoute(
      way: .responder, bytesMax: Self.bytesMax[head.uri] ?? Self.bytesMaxOfOthers)
  }

  /// The least bytes that a text was on the wire: a byte that is no UTF-8 becomes one scalar of three.
  private static func bytesMin(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + ($1 == "\u{FFFD}" ? 1 : $1.utf8.count) }
  }

  func answer(_ request: EdgeRequest) {
    let body = request.body.map { Array($0.readableBytesView) } ?? []
    precondition(body.count <= request.route.bytesMax, "a body is larger than its route takes")
    let head = request.head
    precondition(head.headers.count <= limits.headFieldsMax, "too many fields were taken")
    let headBytes = head.headers.reduce(0) { $0 + $1.name.utf8.count + Self.bytesMin($1.value) }
    precondition(headBytes <= limits.headBytesMax, "too large a head was taken")
    precondition(request.ticket.heldBytes >= body.count, "bytes of a body are not counted")
    let hostCount = head.headers["host"].count
    precondition(
      hostCount == 1 || hostCount == 0 && head.version != .http1_1, "\(hostCount) hosts were taken")
    let taken = TakenRequest(
      line: "\(head.method) \(head.uri) \(head.version)",
      fields: head.headers.map { "\($0.name): \($0.value)" }, body: body)
    state.withLock { state in
      precondition(state.waiting.isEmpty, "a second request while the first is not answered")
      state.requests.append(taken)
      state.waiting.append(request)
    }
    if answersAtOnce { answerWaiting() }
  }

  func ask(_ head: HTTPRequestHead, _ answered: @escaping @Sendable (EdgeReply?) -> Void) {
    answered(nil)
  }

  // MARK: Answers

  /// Answers what waits, by its number.
  func answerWaiting() {
    let (requests, first) = state.withLock { state in
      defer {
        state.answeredCount += state.waiting.count
        state.waiting = []
      }
      return (state.waiting, state.answeredCount)
    }
    for (index, request) in requests.enumerated() {
      var reply = EdgeReply(
        status: .ok, contentType: "text/plain", body: Array("answer \(first + index)".utf8))
      reply.closes = request.head.uri == Self.closingPath
      request.ticket.answer(reply)
    }
  }
}
