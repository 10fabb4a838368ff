import Basics
import HTTPTypes
import Hummingbird
import Intake
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Tapping

/// What all connections share: limits, counts, and the ways to an answer.
///
/// Taps go the short way: proven, read and handed to the store without a task of their own and
/// without HTTP types in between. What costs little is done on the event loop; signatures and packed
/// bodies wait for their turn on threads beside it. All else goes to the responder, as one request.
final class EdgeCore: Sendable {
  let limits: EdgeLimits
  let budget: InFlightBudget
  private let responder: WebResponder
  /// The responder's own, kept apart: a closure that holds a responder copies all that is in it.
  private let meter: RequestMeter
  private let intake: IntakeService?
  private let isTLS: Bool
  let proxies: TrustedProxies
  private let routes: [String: EdgeRoute]
  private let table = RouteTable()
  private let now: @Sendable () -> Instant
  private let log: Logger

  init(
    responder: WebResponder, intake: IntakeService?, limits: EdgeLimits,
    proxies: TrustedProxies, isTLS: Bool, log: Logger, now: @escaping @Sendable () -> Instant
  ) {
    self.responder = responder
    meter = responder.meter
    self.intake = intake
    self.isTLS = isTLS
    self.limits = limits
    self.proxies = proxies
    self.log = log
    self.now = now
    budget = InFlightBudget(limits)
    var routes: [String: EdgeRoute] = [:]
    for endpoint in Endpoint.allCases where !endpoint.path.contains("{") {
      let bytesMax = max(routes[endpoint.path]?.bytesMax ?? 0, endpoint.body.bytesMax)
      let isShort = endpoint == .tapBatches && intake != nil
      let isOfDevice =
        endpoint.access == .device && routes[endpoint.path]?.isOfDevice ?? true
      routes[endpoint.path] = EdgeRoute(
        way: isShort ? .tapBatch : .responder, bytesMax: bytesMax, isOfDevice: isOfDevice)
    }
    self.routes = routes
  }

  // MARK: Requests

  /// What to say when there is no room for a request.
  var overloaded: Problem {
    Problem(
      .serviceUnavailable, "overloaded",
      "More is under way than the service holds at once. Nothing of this was stored; send it again.",
      retryAfterSeconds: limits.retryAfterSeconds)
  }

  /// What to say instead of a long answer that there is no room for, and counts it.
  ///
  /// The connection ends, so that whoever asks and asks, and takes nothing, holds nothing.
  func noRoomForAnswer() -> EdgeReply {
    let problem = Problem(
      .serviceUnavailable, "overloaded",
      "Others are still taking as many long answers as the service holds at once; ask again.",
      retryAfterSeconds: limits.retryAfterSeconds)
    countRefusal(problem.code)
    var reply = EdgeReply(problem)
    reply.closes = true
    return reply
  }

  func countRefusal(_ problem: Problem, _ head: HTTPRequestHead) { countRefusal(problem.code) }

  /// Counts what is refused before it is a request of anybody.
  func countRefusal(_ code: String) {
    Counter(label: "kvytok_edge_refusals_total", dimensions: [("code", code)]).increment()
  }

  func route(of head: HTTPRequestHead) -> EdgeRoute {
    if let route = routes[head.uri] {
      return route.way == .tapBatch && head.method != .POST
        ? EdgeRoute(way: .responder, bytesMax: route.bytesMax) : route
    }
    let path = head.uri.prefix { $0 != "?" }
    if let route = routes[String(path)] {
      return EdgeRoute(
        way: .responder, bytesMax: route.bytesMax, isOfDevice: route.isOfDevice)
    }
    let method = HTTPRequest.Method(rawValue: head.method.rawValue) ?? .get
    if case .found(let endpoint, _) = table.match(method, String(path)) {
      return EdgeRoute(way: .responder, bytesMax: endpoint.body.bytesMax)
    }
    return EdgeRoute(way: .responder, bytesMax: BodyRule.formBytesMax)
  }

  /// Answers a request by its ticket, now or later.
  func answer(_ request: EdgeRequest) {
    if request.route.way == .tapBatch, let intake {
      tapBatch(request, intake)
    } else {
      respond(request)
    }
  }

  private static let malformedHead = Problem(
    .badRequest, "not_http", "The head of the request is malformed.")

  /// Asks whether the body of a request may come; nil tells that it may.
  func ask(_ head: HTTPRequestHead, _ answered: @escaping @Sendable (EdgeReply?) -> Void) {
    Task {
      guard let asked = Request(head, body: nil, isTLS: isTLS) else {
        return answered(EdgeReply(Self.malformedHead))
      }
      answered(await responder.refusal(beforeBodyOf: asked).map { EdgeReply($0) })
    }
  }

  private func respond(_ request: EdgeRequest) {
    Task {
      guard let asked = Request(request.head, body: request.body, isTLS: isTLS) else {
        return request.ticket.answer(EdgeReply(Self.malformedHead))
      }
      request.ticket.answer(EdgeReply(await responder.answer(to: asked)))
    }
  }

  private func tapBatch(_ request: EdgeRequest, _ intake: IntakeService) {
    let begin = NIODeadline.now()
    let ticket = request.ticket
    let meter = meter
    let post: TapPost
    let answerEncoding: BatchEncoding
    do throws(Problem) {
      let fields = PostFields(request.head.headers)
      post = try fields.post(request.body, receivedAt: now())
      // Nearly all would have their answer as they write, and taking Accept apart costs more than the rest.
      let posted = post.format.encoding
      answerEncoding =
        fields.accept == posted.mediaType
        ? posted : .preferred(accept: fields.accept, otherwise: posted)
    } catch {
      meter.count(endpoint: .tapBatches, status: error.status.code, nanoseconds: 0)
      return ticket.answer(EdgeReply(error))
    }
    intake.accept(post) { reply in
      let answer = EdgeReply(reply, answerEncoding)
      meter.count(
        endpoint: .tapBatches, status: answer.status.code,
        nanoseconds: (NIODeadline.now() - begin).nanoseconds)
      ticket.answer(answer)
    }
  }
}

extension EdgeReply {
  /// What a device is told about its batch.
  fileprivate init(_ reply: IntakeReply, _ encoding: BatchEncoding) {
    switch reply.outcome {
    case .answer(let answer):
      self.init(status: .ok, contentType: encoding.mediaType, body: answer.encode(encoding))
      if let code = reply.code(status: 200, body: body) {
        fields.append((SessionHeaders.Name.mac, Base64.encode(code, .standard)))
      }
    case .refusal(let refusal): self.init(Problem(refusal))
    }
    isProven = reply.isProven
  }
}

extension Request {
  /// The request as the responder takes it; nil when a name or value cannot be one of HTTP.
  fileprivate init?(_ asked: HTTPRequestHead, body: ByteBuffer?, isTLS: Bool) {
    guard let method = HTTPRequest.Method(rawValue: asked.method.rawValue) else { return nil }
    var head = HTTPRequest(method: method, scheme: "http", authority: nil, path: asked.uri)
    for (name, value) in asked.headers {
      guard let name = HTTPField.Name(name) else { return nil }
      if name.canonicalName == "host" {
        head.authority = value
      } else {
        head.headerFields.append(HTTPField(name: name, value: value))
      }
    }
    // Where the edge itself speaks TLS nobody stands before it who would say so.
    if isTLS { head.headerFields[.xForwardedProto] = "https" }
    self.init(head: head, body: RequestBody(buffer: body ?? ByteBuffer()))
  }
}
