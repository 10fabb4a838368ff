import Basics
import HTTPTypes
package import Hummingbird
package import Logging
import Metrics
import NIOCore
import Store

/// The life of a request, step by step: found, let in, answered, sealed, counted.
package struct WebResponder: HTTPResponder {
  package typealias Context = BasicRequestContext

  private let handlers: Handlers
  private let gate: Gate
  private let parts: Set<ServicePart>
  private let table = RouteTable()
  let meter: RequestMeter
  private let logger: Logger
  private let now: @Sendable () -> Instant

  /// Makes the responder of a process that runs some parts of the service.
  package init(services: WebServices, parts: Set<ServicePart>, logger: Logger) throws {
    handlers = try Handlers(services: services)
    gate = Gate(grantOfToken: services.grantOfToken)
    self.parts = parts
    self.logger = logger
    now = services.now
    meter = RequestMeter(factory: services.registry)
  }

  /// Answers a request of the wire.
  package func respond(to request: Request, context: Context) async -> Response {
    let answer = await answer(to: request)
    let body =
      request.method == .head || answer.body.isEmpty
      ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
    return Response(status: answer.status, headers: answer.headers, body: body)
  }

  /// The refusal of a request by its head alone; nil when its body may come.
  ///
  /// A large body takes room that others then lack: it is asked first who sends it.
  func refusal(beforeBodyOf request: Request) async -> Answer? {
    guard case .found(let endpoint, _) = table.match(request.method, request.uri.path),
      endpoint.part.map(parts.contains) ?? true
    else { return nil }
    do {
      _ = try await gate.caller(of: request, at: endpoint, now: now())
      return nil
    } catch {
      var answer = await refusal(error, request, endpoint, .english)
      seal(&answer)
      meter.count(endpoint: endpoint, status: answer.status.code, nanoseconds: 0)
      return answer
    }
  }

  /// Answers a request; never throws, so that every failure has a form of ours.
  package func answer(to request: Request) async -> Answer {
    let started = ContinuousClock.now
    let language = Language.chosen(
      query: request.uri.query.flatMap { formPairs($0[...]) }?[Language.parameterName],
      cookie: request.cookies[Language.parameterName]?.value,
      acceptLanguage: request.headers[.acceptLanguage])
    var answer: Answer
    var endpoint: Endpoint?
    do {
      switch table.match(request.method, request.uri.path) {
      case .nothing: throw Problem.notFound(request.uri.path)
      case .otherMethod(let methods): throw Problem.methodNotAllowed(methods)
      case .found(let found, let parameters):
        endpoint = found
        answer = try await self.answer(request, found, parameters, language)
      }
    } catch {
      answer = await refusal(error, request, endpoint, language)
    }
    seal(&answer)
    meter.count(
      endpoint: endpoint, status: answer.status.code,
      nanoseconds: started.duration(to: .now).nanoseconds)
    return answer
  }

  private func answer(
    _ request: Request, _ endpoint: Endpoint, _ parameters: [String: String],
    _ language: Language
  ) async throws -> Answer {
    guard endpoint.part.map(parts.contains) ?? true else {
      throw Problem(
        .notFound, "not_served_here",
        "This process does not run the part of the service that answers here; see --roles.")
    }
    guard let query = formPairs((request.uri.query ?? "")[...]) else {
      throw Problem(.badRequest, "bad_query", "The query is not percent-encoded UTF-8.")
    }
    let receivedAt = now()
    let caller: AccessGrant?
    do {
      caller = try await gate.caller(of: request, at: endpoint, now: receivedAt)
    } catch let problem as Problem where problem == .unknownCaller && endpoint.isPage {
      return .redirect(to: "/login?next=" + percentEncoded(request.uri.string))
    }
    var asked = WebRequest(
      endpoint: endpoint, target: request.uri.string, parameters: parameters, query: query,
      headers: request.headers, caller: caller, language: language, receivedAt: receivedAt)
    asked.body = try await gate.body(of: request, rule: endpoint.body)
    var answer = try await handlers.answer(asked)
    if endpoint.isPage, let chosen = query[Language.parameterName].flatMap(Language.init) {
      answer.headers.append(
        HTTPField(name: .setCookie, value: CookieText.language(chosen)))
    }
    return answer
  }

  private func refusal(
    _ error: any Error, _ request: Request, _ endpoint: Endpoint?, _ language: Language
  ) async -> Answer {
    let problem = Problem(of: error)
    if Problem.isWorthALine(error) {
      logger.error(
        "request failed",
        metadata: [
          "endpoint": "\(endpoint?.rawValue ?? "none")", "status": "\(problem.status.code)",
          "error": "\(String(reflecting: error))",
        ])
    }
    let isForPeople =
      endpoint?.isPage ?? (request.headers[.accept]?.contains("text/html") ?? false)
    guard isForPeople else { return .problem(told(problem, request, language)) }
    // Of a database that is away nobody asks who they are.
    let caller = problem.status.code < 500 ? await gate.reader(of: request, now: now()) : nil
    return handlers.problemPage(
      problem, of: FailedRequest(endpoint: endpoint, caller: caller), language: language)
  }

  /// A problem in the language that the request names: the script of a page shows it to its reader.
  ///
  /// Programs name none, and get the sentences that they know.
  private func told(_ problem: Problem, _ request: Request, _ language: Language) -> Problem {
    let query = formPairs((request.uri.query ?? "")[...])
    guard query?[Language.parameterName] == language.rawValue else { return problem }
    return problem.told(in: language)
  }

  /// Adds what every answer carries: length, kind, and what a browser may do with it.
  private func seal(_ answer: inout Answer) {
    if answer.status != .notModified {
      answer.headers[.contentLength] = String(answer.body.count)
      answer.headers[.contentType] = answer.contentType
    }
    answer.headers[.xContentTypeOptions] = "nosniff"
    answer.headers[.contentSecurityPolicy] = WebResponder.contentPolicy
    answer.headers[.referrerPolicy] = "no-referrer"
    if answer.headers[.cacheControl] == nil { answer.headers[.cacheControl] = "no-store" }
    if answer.status == .contentTooLarge { answer.headers[.connection] = "close" }
  }

  /// Nothing but our own files, no frames, forms to ourselves.
  static let contentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

extension HTTPField.Name {
  static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .cacheControl
}

extension Duration {
  /// The whole duration in nanoseconds.
  var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
