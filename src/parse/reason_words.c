#include "parse/reason_words.h"

#define OVER   REASON_OVER
#define SURE   REASON_SURE
#define LIKELY REASON_LIKELY
#define VAGUE  REASON_VAGUE

const struct reason_wordings reason_wordings[] = {
	{REASON_MAILBOX_FULL, SURE,
		"mailbox is full|mailbox full|mailbox for user is full|mailbox is over|"
		"mailbox over quota|mailbox has exceeded|mailbox size limit|"
		"mailbox limit exceeded|mailbox storage limit|mailbox exceeded|mailbox quota|"
		"mail box full|full mailbox|inbox is full|inbox full|user is full|"
		"account is full|folder is full|over quota|over its quota|over their quota|"
		"over the quota|over disk quota|over the maximum allowed mailbox|overquota|"
		"exceeded quota|exceeded its quota|exceeded their quota|exceeded his|"
		"exceeded storage|exceeded the storage|exceeds quota|exceeds mailbox quota|"
		"exceeds allowed quota|quota exceeded|quotaexceeded|quota is exceeded|"
		"quota full|quota violation|quota exceeds|quota limit|disk quota|disc quota|"
		"out of storage|not enough storage space|not enough disk quota|"
		"not enough disk space/quota|not enough space in|no storage left for|"
		"storage limit exceeded|file too large|message would exceed|would be over"},

	{REASON_USER_UNKNOWN, SURE,
		"user unknown|unknown user|user not found|user not known|user is unknown|"
		"user does not exist|user doesn't exist|user doesnt exist|user not exist|"
		"user invalid|user is not|unknown local|unknown recipient|unknown address|"
		"unknown mailbox|unknown account|unknown to address|no such user|"
		"no such recipient|no such mailbox|no such address|no such account|"
		"no such person|no such email|no such local|no such customer|no mailbox here|"
		"no mailbox by that|no mailbox found|no valid recipient|nosuchuser|"
		"no account by that|not a valid user|not a valid mailbox|not a valid recipient|"
		"not a valid address|not a known user|not a local mailbox|not a mailbox|"
		"not our customer|not known here|not listed in domino|"
		"not listed in public name|mailbox not found|mailbox does not exist|"
		"mailbox doesn't exist|mailbox unknown|mailbox is unknown|mailbox not exist|"
		"mailbox for that name|mailbox is invalid|mailbox name invalid|"
		"recipient not found|recipient unknown|recipient is unknown|"
		"recipient does not exist|recipient doesn't exist|recipient not exist|"
		"recipient is invalid|recipient address unknown|recipient no longer|"
		"recipnotfound|resolver.adr.recipnotfound|resolver.adr.exrecipnotfound|"
		"address unknown|address does not exist|address doesn't exist|"
		"address not found|address couldn't be found|address could not be found|"
		"address is unknown|address no longer|addressee unknown|account does not exist|"
		"account doesn't exist|account not found|"
		"account that you tried to reach does not exist|doesn't have an account|"
		"does not have an account|doesn't have a yahoo|doesn't have an aol|"
		"does not have a mailbox|has no mailbox|invalid recipient|invalid mailbox|"
		"invalid user|invalid local|bad destination mailbox|bad recipient|"
		"unrouteable address|unroutable address|undeliverable address|vchkpw: no user|"
		"no longer valid|5.1.10|as(20180628"},
	{REASON_USER_UNKNOWN, LIKELY,
		"couldn't be found|could not be found|mailbox name not allowed|not our user|"
		"mailbox unavailable|mailbox not available|mailbox is unavailable|"
		"recipient rejected|recipient not accepted|recipient invalid|user reject|"
		"unable to find user"},

	{REASON_USER_DISABLED, OVER,
		"account that you tried to reach is disabled|"
		"account that you tried to reach is inactive|mailbox is disabled|"
		"mailbox disabled|mailbox is inactive|mailbox inactive|mailbox is locked|"
		"mailbox locked|mailbox has been|mailbox suspended|mailbox is suspended|"
		"account is disabled|account disabled|account has been|accountdisabled|"
		"account is locked|account locked|account is suspended|account suspended|"
		"account is inactive|account inactive|account deactivated|"
		"account is deactivated|account closed|account is closed|account expired|"
		"account is expired|account is not active|disableduser|user is inactive|"
		"user inactive|user is disabled|user disabled|user account is|user suspended|"
		"user is suspended|user is locked|recipient is disabled|recipient disabled|"
		"recipient suspended|recipient is inactive|address disabled|"
		"address is disabled|address is no longer in use|temporarily disabled"},
	{REASON_USER_DISABLED, LIKELY,
		"no longer active|no longer in use|no longer employed|no longer works|"
		"no longer available|deactivated|discontinued"},

	{REASON_DOMAIN_NOT_FOUND, SURE,
		"host or domain name not found|domain not found|domain does not exist|"
		"domain doesn't exist|domain name not found|domain is not hosted|"
		"domain unknown|domain has no mx|nonexistentdomain|"
		"smtpsend.dns.nonexistentdomain|no such domain|unknown domain|"
		"couldn't find any host|could not find any host|nullmx|null mx|"
		"does not accept mail|does not accept email|no mx record|no mail exchanger|"
		"bad destination system|host unknown|unknown host|unknown mail host|nxdomain|"
		"invalid domain|not a valid domain"},
	{REASON_DOMAIN_NOT_FOUND, LIKELY, "host not found|no such host|name service error"},

	{REASON_SENDER_REFUSED, SURE,
		"sender address rejected|sender verify failed|sender verification|"
		"sender rejected|sender denied|sender refused|sender blocked|sender is blocked|"
		"sender not allowed|sender is not allowed|sender not accepted|sender unknown|"
		"sender domain|sender's domain|sender's email address is|sender email address|"
		"sender not local|sender mailbox|senderfilterconfig|sendasdenied|"
		"blocked sender|invalid sender|bad sender|unknown sender|fake sender|"
		"forged sender|spoofed sender|unverifiable sender|unable to verify sender|"
		"could not verify sender|cannot verify sender|domain of sender|"
		"domain of the sender|your envelope sender|envelope sender|badmailfrom|"
		"not owned by user|not allowed to send as|does not have permissions to send as|"
		"mailfrom domain|mail from domain|mail from address|invalid mail from|"
		"no mx for sender|sender callback|null sender|bounces are not accepted|"
		"originating address|return path|return-path"},
	{REASON_SENDER_REFUSED, LIKELY, "sender address"},

	{REASON_RELAY_DENIED, SURE,
		"relay access denied|relaying denied|relaying not|relaying is not|"
		"relaying prohibited|relaying mail|relaying through|relaying temporarily|"
		"relay not permitted|relay denied|relay not allowed|relay prohibited|"
		"relay is not|relay operation rejected|relay attempt|unable to relay|"
		"not permitted to relay|not allowed to relay|not authorized to relay|"
		"not authorised to relay|cannot relay|can't relay|we do not relay|"
		"we don't relay|does not relay|doesn't relay|no relaying|rcpthosts|not a relay|"
		"not an open relay|mail relay|open relay"},
	{REASON_RELAY_DENIED, LIKELY, "relay_|relaying_|not local_"},

	{REASON_SPAM, SURE,
		"looks like spam|rejected as spam|considered spam|considered as spam|"
		"considered to be spam|identified as spam|classified as spam|detected as spam|"
		"marked as spam|blocked as spam|due to spam|message is spam|is spam_|as spam_|"
		"spam detected|spam score|spam content|spam message|spam mail|spam email|"
		"spam refused|spam abuse|spam found|spam filter|spam-filter|spam threshold|"
		"spam probability|spam points|spam reject|spam not|spamassassin|spam source|"
		"probable spam|probability of spam|probably spam|suspected spam|"
		"suspected of spam|suspected to be spam|possible spam|contains spam|high spam|"
		"bulk spam|unsolicited|likely suspicious|junk mail|junk email|gtube|spammy|"
		"phishing|cloudmark|content filtering|bulk mail|bulk email|user complaints from"},
	{REASON_SPAM, LIKELY, "uce_|ube_|spamming|spammer|complaint|spam_"},

	{REASON_VIRUS, SURE, "virus|infected|malware|trojan|eicar|clamav|sanesecurity|ransomware"},

	{REASON_BANNED, SURE,
		"banned:|banned (|banned file|banned attachment|banned content|"
		"banned extension|banned name|prohibited attachment|blocked attachment|"
		"attachment type|attachment not allowed|attachments are not|attachments of|"
		"attachment extension|attachment name|attachment rejected|"
		"executable attachment|contains an executable|executable file|encrypted zip|"
		"encrypted archive|password protected|password-protected|"
		"potential security issue|file type|file extension|dangerous attachment|"
		"forbidden attachment|illegal attachment|disallowed attachment|"
		"limits on attachments"},
	{REASON_BANNED, LIKELY, "banned_|attachment|executable"},

	{REASON_BLOCKLIST, SURE,
		"blocked using|blocked by spamhaus|blocked by spamcop|blacklist|black list|"
		"black-list|blocklist|block list|block-list|denylist|deny list|rejectlist|"
		"banned sending ip|dnsbl|dnswl|rblsmtpd|rbl_|rbls_|listed at_|listed by_|"
		"listed in_|listed on_|is listed_|zen.spamhaus|spamhaus|spamcop|sorbs|"
		"uceprotect|barracudacentral|barracuda reputation|surriel|senderscore|"
		"poor reputation|bad reputation|low reputation|ip reputation|"
		"very low reputation|reputation of the sending|reputation of your|"
		"your ip has been|your ip is|ip blocked|ip is blocked|ip address blocked|"
		"ip address is blocked|ip address has been blocked|blocked ip|unacceptable ip|"
		"blocked - see|permanently deferred|traffic not accepted from this ip|"
		"poor sender reputation|sbl_|xbl_|pbl_|cbl_"},
	{REASON_BLOCKLIST, LIKELY, "reputation|delist|blocked by|blocked for"},

	{REASON_GREYLISTED, OVER,
		"greylist|graylist|grey list|gray list|grey-list|gray-list|greylisting|"
		"postgrey|milter-greylist"},
	{REASON_GREYLISTED, SURE,
		"first time sender|new triplet|come back later|come back in|"
		"try again in a few minutes|unknown triplet|resend later"},

	{REASON_RATE_LIMITED, OVER,
		"rate limit|rate-limit|ratelimit|connection rate|connection concurrency|"
		"message delivery request rate|recipient address rate|sending quota exceeded|"
		"daily user sending|too many connections|too many concurrent|"
		"too many simultaneous|too many sessions|too many messages|too many mails|"
		"too many emails|throttl|receiving mail too quickly|receiving mail at a rate|"
		"unusual rate|user complaints. 4"},
	{REASON_RATE_LIMITED, SURE,
		"sending limit|daily sending|daily limit|daily quota|hourly limit|"
		"hourly sending|hourly quota|at a rate that|unexpected volume|unusual volume|"
		"high volume|messages per|emails per|mails per|per minute|per hour|per day|"
		"maximum number of connections|maximum connections|concurrent connection|"
		"simultaneous connection|connection limit|connections from your|"
		"connections limit|session limit|server busy|sender rate|recipient rate|"
		"submission quota|too much mail|too fast|too quickly|too frequently|"
		"sending rate|message rate|slow down|volume limit|tss04|ts01|ts02"},
	{REASON_RATE_LIMITED, LIKELY, "excessive|volume of|limit exceeded"},

	{REASON_AUTH_REQUIRED, SURE,
		"client was not authenticated|authentication is required|"
		"authentication required|must authenticate|must be authenticated|"
		"must first authenticate|not logged in|need to authenticate|"
		"needs authentication|authentication needed|requires authentication|"
		"requires authenticated|resolver.rst.authrequired|please authenticate|"
		"pop before smtp|pop3 first|login first|log in first|authenticate first|"
		"authenticated before|auth first|auth required|auth is required|"
		"not authenticated|unauthenticated sender|enable smtp authentication|"
		"smtp authentication"},

	{REASON_AUTH_FAILED, SURE,
		"sasl authentication failed|sasl login|sasl plain|sasl digest-md5|"
		"sasl cram-md5|sasl xoauth2|authentication failed|authentication unsuccessful|"
		"authentication failure|authentication credentials|authentication rejected|"
		"authentication aborted|authentication mechanism|authentication error|"
		"authentication temporarily|username and password not accepted|"
		"invalid credentials|invalid login|incorrect password|incorrect authentication|"
		"password mismatch|wrong password|bad username or password|invalid username|"
		"invalid authentication|auth failed|auth failure|application-specific password|"
		"cannot authenticate to server|login failed|login denied|"
		"basic authentication is disabled|no mechanism available|unknown user (password"},

	{REASON_AUTHENTICATION, SURE,
		"spf_|dmarc|dkim|domainkeys|arc validation|unauthenticated email|"
		"mail is unauthenticated|unauthenticated mail|unauthenticatedemail|"
		"authentication checks|authentication-results|pass authentication|"
		"authentication information|email authentication|sender authentication|"
		"sender policy framework|openspf|open-spf|not authorized by the domain|"
		"not authorized to send from|not authorized to send mail|"
		"not authorized to send email|not authorised to send|not permitted to send|"
		"not allowed to send mail from|not designated|does not designate|domain owner|"
		"sender id|5.7.509|5.7.515|spoof"},

	{REASON_HELO, SURE,
		"helo command rejected|ehlo command rejected|helo rejected|ehlo rejected|"
		"helo/ehlo|ehlo/helo|invalid helo|invalid ehlo|helo name|ehlo name|helo host|"
		"helo domain|bad helo|bad ehlo|helo argument|helo is|helo mismatch|helo must|"
		"forged helo|fake helo|helo denied|helo verification|helo check|helo string"},
	{REASON_HELO, LIKELY, "helo_"},

	{REASON_CLIENT_REFUSED, SURE,
		"client host rejected|cannot find your hostname|cannot find your reverse|"
		"reverse dns|reverse hostname|reverse lookup|reverse mapping|reverse pointer|"
		"ptr record|ptr resource|ptr_|rdns|dns ptr|ip name lookup failed|"
		"ip name possibly forged|fix reverse|missing reverse|invalid reverse|"
		"no reverse|without reverse|dynamic ip|dynamic address|dynamic host|"
		"dynamically assigned|dialup|dial-up|residential|generic hostname|"
		"your host is not allowed|your server is not allowed|your ip is not allowed|"
		"connections from this host|connections not accepted|mail from your server|"
		"accept mail from your|not accept mail from ip|host rejected|client rejected|"
		"client blocked|bad client|unauthorized ip|unauthorised ip|geoip|geo-ip|bad dns"},
	{REASON_CLIENT_REFUSED, LIKELY,
		"your ip_|your ip address|your mail server|your host_|this host_"},
	{REASON_CLIENT_REFUSED, VAGUE,
		"refused to talk to me|no smtp service here|mail server rejects"},

	{REASON_TOO_LARGE, SURE,
		"message size exceeds|message exceeds|message too large|message too big|"
		"message is too large|message is too big|message length|message larger|"
		"message file too big|message size limit|message size too|"
		"message size exceeded|message too long|exceeds fixed maximum|"
		"exceeds maximum fixed|exceeds size limit|exceeds maximum message|"
		"exceeds the maximum|exceeds maximum size|exceeds the size|"
		"exceeds the recipient's message|exceeds message size|"
		"exceeded google's message size|exceeded maximum size|exceeded message size|"
		"exceed the maximum size|maximum message size|maximum size|max message size|"
		"maximum allowed message|mail size limit|mail too large|mail too big|"
		"mail is too|size limit|size exceeds|sizelimit|oversized|"
		"resolver.rst.sendsizelimit|resolver.rst.recipsizelimit|"
		"smtpsend.overadvertisedsizelimit|routing.sizelimit|databytes limit|"
		"body too large|max mail size|content too large|content length"},
	{REASON_TOO_LARGE, LIKELY, "too large|too big"},

	{REASON_TOO_MANY_RECIPIENTS, OVER,
		"too many recipients|too many rcpt|recipient limit|recipients limit|"
		"maximum number of recipients|max recipients|maximum recipients|"
		"recipients exceeded|recipient count|recipients per message|"
		"number of recipients|recipients this session|one recipient at a time|"
		"limit of recipients|too many users|too many addresses"},

	{REASON_SMTPUTF8, OVER,
		"smtputf8|internationalized|non-ascii address|utf-8 address|8bitmime|"
		"8-bit mime|requiretls|binarymime|does not support international"},

	{REASON_LOOP, SURE,
		"loops back to myself|mail forwarding loop|aliasing/forwarding loop|"
		"forwarding loop|mail loop|mail is looping|message is looping|message loop|"
		"too many hops|too many received|received:' data headers|hop count|"
		"hops exceeded|maximum hop|routing loop|routing.loopdetected|resolver.fwd.loop|"
		"loop detected|loopdetected|loop detection|looping|address is the local host|"
		"delivered-to line|hops, this message"},
	{REASON_LOOP, LIKELY, "loop_"},

	{REASON_LOST_CONNECTION, SURE,
		"lost connection|connection lost|connection closed|connection dropped|"
		"connection was dropped|connection aborted|connection died|"
		"connection unexpectedly|conversation with|timed out while|broken pipe|"
		"closed the connection|closed connection|remote host closed|server closed|"
		"unexpected eof|socket error|unexpected disconnect|remotely closed|"
		"timeout after|timeout exceeded|timeout waiting"},

	{REASON_LOST_CONNECTION, LIKELY, "timeout|read error|write error|hangup"},

	{REASON_CONNECTION, SURE,
		"connection timed out|connection refused|connection timeout|connection reset|"
		"no route to host|network is unreachable|network unreachable|"
		"host is unreachable|host unreachable|host is down|operation timed out|"
		"connection failed|unable to connect|could not connect|couldn't connect|"
		"cannot connect|can't connect|failed to connect|establish an smtp connection|"
		"no answer from host|cannot assign requested address|could not be made|"
		"no connection could|actively refused|connectattemptfailed|failed to establish|"
		"not connected"},
	{REASON_CONNECTION, LIKELY, "timed out|unreachable"},

	{REASON_DNS, OVER,
		"host not found, try again|host name lookup failure|name server|nameserver|"
		"malformed or unexpected|temporary lookup failure|dns lookup|dns failure|"
		"dns error|dns query|dns timeout|dns temporary|servfail|"
		"lookup failed temporarily|temporary dns|name resolution|lookup timeout|"
		"temporary failure in name|lookup error for"},
	{REASON_DNS, SURE,
		"dns server|lookup failure|name lookup|unable to resolve|could not resolve|"
		"cannot resolve|can't resolve|unresolvable|does not resolve|smtpsend.dns"},

	{REASON_TLS, SURE,
		"tls is required|tls required|tls not|tls currently|tls handshake|"
		"tls negotiation|tls session|tls connection|tls policy|tls version|tls error|"
		"tls engine|tls library|must issue a starttls|starttls first|"
		"starttls command first|starttls is required|starttls required|starttls failed|"
		"requires tls|require tls|cannot start tls|ssl_connect|ssl_accept|ssl error|"
		"ssl routines|ssl handshake|server certificate|certificate verif|"
		"certificate not|certificate has expired|certificate expired|untrusted issuer|"
		"self-signed|tlsa lookup|tlsa record|no tlsa|mta-sts|dane_|non dnssec|"
		"encryption required|encryption is required|encryption needed|encryption not|"
		"secure channel|secure connection|no shared cipher|handshake failure"},
	{REASON_TLS, LIKELY, "starttls|certificate"},

	{REASON_CONFIGURATION, SURE,
		"server configuration|local configuration|configuration error|"
		"configuration problem|mail system configuration|mail system error|"
		"mail transport unavailable|unknown mail transport|transport is unavailable|"
		"misconfigur|improperly configured|not configured|unsupported dictionary|"
		"alias database unavailable|alias expansion|routing.noconnector|"
		"noconnectorforaddresstype|cannot route|unable to route|routing error|"
		"no matching transport|bad transport|mail server configuration"},
	{REASON_CONFIGURATION, LIKELY, "configuration"},

	{REASON_SYSTEM, SURE,
		"insufficient system|insufficient storage|insufficient disk|"
		"insufficient resources|insufficient main memory|no space left|"
		"not enough free space|not enough disk space|out of memory|out of resources|"
		"cannot allocate memory|cannot append|queue file write error|internal error|"
		"internal server error|internal software error|error in processing|local error|"
		"unexpected error|server error|software error|service temporarily unavailable|"
		"service currently unavailable|service not available|service is unavailable|"
		"service is temporarily|system not accepting|system resources|system overload|"
		"overloaded|resources exceeded|resources restricted|resources temporarily|"
		"disk full|disk is full|file system full|temporary internal|temporary system|"
		"temporary error|temporary local|temporary server|temporary failure|"
		"temporary problem|temporary message store|all server ports|"
		"all screening ports|cannot open file|cannot open mailbox|unable to lock|"
		"can't create|cannot create|storage error|storage transient|database error|"
		"queue full|queue is full|mailbox in transit|mailboxintransit|mailboxoffline|"
		"storedrv|maintenance|i/o error|input/output error|read-only file system|"
		"too many open files|back pressure|load too high|load average|too busy|"
		"system is currently"},
	{REASON_SYSTEM, LIKELY,
		"cannot update mailbox|maildir delivery failed|mailbox busy|mailbox is busy|"
		"temporarily deferred|temporarily unavailable|unable to process|system error|"
		"backend|milter service|virus_scan failed"},
	{REASON_SYSTEM, VAGUE,
		"service unavailable|try later|try again|requested action aborted|temporarily|"
		"please retry|service denied"},

	{REASON_COMMAND_FAILED, SURE,
		"command died|command failed|command time limit exceeded|command output|"
		"command line usage|input data error|cannot execute|exited with status|"
		"unknown mailer error|external command|program failure|mailer returned|"
		"child returned|process failed|process crashed"},

	{REASON_EXPIRED, SURE,
		"message expired|expired, returned|delivery time expired|"
		"retry time not reached|retry timeout exceeded|queue too long|queued too long|"
		"delivery expired|failing for a long time|queue.expired|maximum queue time|"
		"message timed out|has been in the queue|maximum time in queue"},
	{REASON_EXPIRED, LIKELY, "expired_"},

	{REASON_PROTOCOL, SURE,
		"pregreet|improper command pipelining|command pipelining|improper use of smtp|"
		"bare newline|bare <lf>|bare lf|bare cr|bare linefeed|syntax error|"
		"protocol error|protocol violation|protocol synchronization|"
		"synchronization error|command not recognized|command unrecognized|"
		"unrecognized command|unrecognized parameter|unsupported parameter|"
		"unsupported option|command not implemented|command unknown|unknown command|"
		"bad sequence|out of sequence|invalid command|bad command|nested mail command|"
		"need mail|need rcpt|need helo|no recipients specified|need fully-qualified|"
		"line too long|lines too long|line length|bad syntax|bad address syntax|"
		"bad recipient address syntax|bad sender address syntax|malformed address|"
		"illegal address syntax|invalid address|invalid parameter|unsupported command|"
		"too many errors|too many bad commands|too many unknown|too many syntax|"
		"too many invalid|early talker|command time limit_|command count limit|"
		"command length limit|non-smtp|without valid rcpt|command out of|"
		"data command rejected|data must|ambiguous"},
	{REASON_PROTOCOL, LIKELY, "malformed|not implemented|not recognized|unimplemented"},

	{REASON_CONTENT, SURE,
		"content rejected|content restriction|contents rejected|header check|"
		"body check|message content|message header|missing required header|"
		"missing header|header error|invalid header|bad header|bad_header|bad-header|"
		"illegal header|header field|duplicate header|multiple from|"
		"valid address in from|from: header|rfc 5322|rfc5322|rfc 2822|rfc2822|rfc 822|"
		"8-bit character|improper use of 8-bit|nul character|bad mime|mime error|"
		"mime nesting|malformed mime|unparseable|subject contains|prohibited content|"
		"offensive|objectionable|surbl|uribl|contains a url|contains a link|"
		"contains url|character set|charset|macro_|macros_|html mail"},
	{REASON_CONTENT, LIKELY, "content_"},

	{REASON_POLICY, SURE,
		"policy restrictions|policy reasons|policy violation|local policy|"
		"security policy|site policy|mail policy|administrative prohibition|"
		"administratively|transport.rules|resolver.rst.notauthorized|"
		"resolver.rst.restricted|delivery restriction|restricted recipient|"
		"rejected by policy|by policy|moderation|approvalrequired|"
		"delivery not authorized|recipient refused|refused by recipient|"
		"recipient does not want|user does not want"},
	{REASON_POLICY, LIKELY,
		"policy|prohibited|not authorized|not authorised|permission denied"},
	{REASON_POLICY, VAGUE,
		"access denied|recipient address rejected|not allowed|not permitted|rejected|"
		"denied|refused|blocked|not accepted|declined|forbidden|unacceptable|"
		"transaction failed|reject_|restricted|administrator"},
};

const size_t reason_wordings_count = sizeof(reason_wordings) / sizeof(reason_wordings[0]);
