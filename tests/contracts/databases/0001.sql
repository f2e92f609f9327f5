PRAGMA application_id = 1130916724;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE carts (
	id VARCHAR(64) NOT NULL, 
	customer_id VARCHAR(200), 
	currency VARCHAR(3) NOT NULL, 
	version INTEGER NOT NULL, 
	ordered VARCHAR(64), 
	merged_into VARCHAR(64), 
	document TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_carts PRIMARY KEY (id), 
	CONSTRAINT ck_carts_version CHECK (version >= 1)
);
INSERT INTO "carts" VALUES('5','ann','EUR',4,'8',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ann","id":"5","lines":[{"options":[],"quantity":2,"sku":"MUG"},{"options":[],"quantity":1,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":"8","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":4}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('11',NULL,'EUR',3,'13',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"11","lines":[{"options":[],"quantity":2,"sku":"BOOK"}],"merge_report":null,"merged_into":null,"ordered":"13","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('16',NULL,'EUR',3,'18',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"16","lines":[{"options":[],"quantity":1,"sku":"BOOK"}],"merge_report":null,"merged_into":null,"ordered":"18","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('21',NULL,'EUR',3,'23',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"21","lines":[{"options":[],"quantity":4,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":"23","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('26',NULL,'EUR',2,NULL,NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"26","lines":[{"options":[],"quantity":5,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('31',NULL,'EUR',2,NULL,NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"31","lines":[{"options":[],"quantity":3,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('36',NULL,'EUR',2,NULL,NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"36","lines":[{"options":[],"quantity":1,"sku":"GIFT"}],"merge_report":null,"merged_into":null,"ordered":null,"updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('41','ben','EUR',5,'45',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ben","id":"41","lines":[{"options":[],"quantity":3,"sku":"MUG"},{"options":[],"quantity":1,"sku":"BOOK"},{"options":[],"quantity":2,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":"45","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":5}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('48',NULL,'EUR',3,'50',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"48","lines":[{"options":[],"quantity":1,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":"50","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "carts" VALUES('53',NULL,'EUR',3,'55',NULL,'{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"53","lines":[{"options":[],"quantity":2,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":"55","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE catalog (
	kind VARCHAR(20) NOT NULL, 
	"key" VARCHAR(300) NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_catalog PRIMARY KEY (kind, "key")
);
INSERT INTO "catalog" VALUES('product','MUG',0,'{"name":"Mug","prices":[[1250,"EUR"],[1500,"USD"]],"sku":"MUG","tax_category":"standard","tracked":true,"v":1,"weight":350}');
INSERT INTO "catalog" VALUES('product','BOOK',1,'{"name":"Book","prices":[[2000,"EUR"]],"sku":"BOOK","tax_category":"books","tracked":true,"v":1,"weight":600}');
INSERT INTO "catalog" VALUES('product','PDF',2,'{"name":"Download","prices":[[500,"EUR"]],"sku":"PDF","tax_category":"standard","tracked":false,"v":1,"weight":0}');
INSERT INTO "catalog" VALUES('product','GIFT',3,'{"name":"Sticker","prices":[[0,"EUR"]],"sku":"GIFT","tax_category":"standard","tracked":true,"v":1,"weight":5}');
INSERT INTO "catalog" VALUES('promotion','a/tenth',0,'{"amounts":[],"code":"TENTH","ends":null,"exclusive":false,"id":"a/tenth","kind":"percent","limit":30,"minimum":[],"minimum_basis":"current","name":"A tenth off","per_person":9,"percent":"10","priority":0,"skus":null,"starts":null,"v":1}');
INSERT INTO "catalog" VALUES('promotion','gratis',1,'{"amounts":[],"code":"GRATIS","ends":null,"exclusive":false,"id":"gratis","kind":"percent","limit":null,"minimum":[],"minimum_basis":"current","name":"All of it off","per_person":null,"percent":"100","priority":0,"skus":null,"starts":null,"v":1}');
INSERT INTO "catalog" VALUES('promotion','posted',2,'{"amounts":[],"code":"POSTED","ends":null,"exclusive":false,"id":"posted","kind":"free_shipping","limit":null,"minimum":[],"minimum_basis":"current","name":"Posted free","per_person":null,"percent":null,"priority":0,"skus":null,"starts":null,"v":1}');
INSERT INTO "catalog" VALUES('promotion','fiver',3,'{"amounts":[[500,"EUR"],[600,"USD"]],"code":"FIVER","ends":null,"exclusive":false,"id":"fiver","kind":"fixed","limit":3,"minimum":[[1000,"EUR"],[1200,"USD"]],"minimum_basis":"current","name":"Five off mugs","per_person":9,"percent":null,"priority":0,"skus":["MUG"],"starts":null,"v":1}');
INSERT INTO "catalog" VALUES('promotion','sale',4,'{"amounts":[],"code":null,"ends":null,"exclusive":false,"id":"sale","kind":"percent","limit":null,"minimum":[],"minimum_basis":"current","name":"A third off downloads","per_person":null,"percent":"100/3","priority":5,"skus":["PDF"],"starts":null,"v":1}');
INSERT INTO "catalog" VALUES('tax','DE//standard',0,'{"category":"standard","country":"DE","rates":[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}],"region":null,"source":"","v":1}');
INSERT INTO "catalog" VALUES('tax','DE//books',1,'{"category":"books","country":"DE","rates":[{"code":"VAT7","compound":false,"included":true,"rate":"0.07"}],"region":null,"source":"","v":1}');
INSERT INTO "catalog" VALUES('shipping','standard',0,'{"id":"standard","name":"Standard","tax_category":"standard","v":1,"zones":[{"bands":[{"prices":[[490,"EUR"],[600,"USD"]],"up_to":1000},{"prices":[[990,"EUR"]],"up_to":10000}],"countries":["DE","FR"],"days":null,"regions":null}]}');
CREATE TABLE checkouts (
	id VARCHAR(64) NOT NULL, 
	number VARCHAR(20) NOT NULL, 
	cart_id VARCHAR(64) NOT NULL, 
	customer_id VARCHAR(200), 
	version INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	in_flight BOOLEAN NOT NULL, 
	due_at VARCHAR(32), 
	lapses_at VARCHAR(32) NOT NULL, 
	quote_hash VARCHAR(64), 
	document TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_checkouts PRIMARY KEY (id), 
	CONSTRAINT ck_checkouts_state CHECK (state IN ('open', 'abandoned', 'placed', 'cancelled')), 
	CONSTRAINT ck_checkouts_version CHECK (version >= 1), 
	CONSTRAINT fk_checkouts_cart_id FOREIGN KEY(cart_id) REFERENCES carts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_checkouts_quote_hash FOREIGN KEY(quote_hash) REFERENCES quotes (hash) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_checkouts_number UNIQUE (number)
);
INSERT INTO "checkouts" VALUES('8','N9','5','ann',3,'placed',0,NULL,'2026-06-01T12:30:00.000000+00:00','79e76c2bc4657a7161b739cd46a36ba81c9d96e0a4be5b9b7649ce63f53d0bbd','{"abandoned":"","attempts":[{"action":null,"amount":[3040,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"8/552ca7f251378378f1e80d8e7b9ee282","reason":"","received":[3040,"EUR"],"reference":"pay_e85e6c3b27b0a87d79b77fe7","state":"captured","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"5","cart_version":3,"claims":[{"amount":1,"limit":1,"pool":"cart/5"},{"amount":1,"limit":30,"pool":"coupon/a%2Ftenth"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/ec8f68ee05960acfb1179c6b13766c69"},{"amount":2,"limit":null,"pool":"stock/MUG/main"}],"codes":["TENTH"],"currency":"EUR","customer":"ann","deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":4,"held":[{"amount":1,"limit":1,"pool":"cart/5"},{"amount":1,"limit":30,"pool":"coupon/a%2Ftenth"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/ec8f68ee05960acfb1179c6b13766c69"},{"amount":2,"limit":null,"pool":"stock/MUG/main"}],"hold_early":false,"id":"8","identities":["ec8f68ee05960acfb1179c6b13766c69","113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":2,"sku":"MUG"},{"options":[],"quantity":1,"sku":"PDF"}],"next":{"type":"done"},"number":"N9","order":{"cancelled":"","fulfilment":"unfulfilled","id":"8","number":"N9","paid_by":"8/552ca7f251378378f1e80d8e7b9ee282","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"placed","total":[3040,"EUR"]},"quote":"79e76c2bc4657a7161b739cd46a36ba81c9d96e0a4be5b9b7649ce63f53d0bbd","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('13','N14','11',NULL,5,'cancelled',0,NULL,'2026-06-01T12:15:00.000000+00:00','476a25b1c0659c772468f28e6c9b1e3e5966a7e524993051887c70f871cc1aea','{"abandoned":"","attempts":[{"action":null,"amount":[4990,"EUR"],"ask_at":null,"asked":0,"calls":2,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"13/18b7301c2952cfe6a64296c5fbd53460","reason":"","received":[4990,"EUR"],"reference":"pay_179771156b23462b76c56fa0","state":"refunded","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"cancelled","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"11","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/11"},{"amount":2,"limit":null,"pool":"stock/BOOK/main"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":7,"held":[],"hold_early":false,"id":"13","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":2,"sku":"BOOK"}],"next":{"type":"done"},"number":"N14","order":{"cancelled":"too much","fulfilment":"cancelled","id":"13","number":"N14","paid_by":"13/18b7301c2952cfe6a64296c5fbd53460","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"cancelled","total":[4990,"EUR"]},"quote":"476a25b1c0659c772468f28e6c9b1e3e5966a7e524993051887c70f871cc1aea","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":5}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('18','N19','16',NULL,4,'cancelled',1,'2026-06-01T12:00:25.000000+00:00','2026-06-01T12:30:00.000000+00:00','91318da4d684c1a8cb82d16612f5141f183a0878cb4bd85863db737b6b4aa554','{"abandoned":"","attempts":[{"action":null,"amount":[2490,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"18/20fb87d719344dbb810bcff0297db73e","reason":"","received":[2490,"EUR"],"reference":"pay_806ec4610615d300eb5cd854","state":"captured","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"cancelled","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"16","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/16"},{"amount":1,"limit":null,"pool":"stock/BOOK/main"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":"2026-06-01T12:00:25.000000+00:00","events":6,"held":[],"hold_early":false,"id":"18","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":1,"sku":"BOOK"}],"next":{"amount":[2490,"EUR"],"attempt":"18/20fb87d719344dbb810bcff0297db73e","authorization":"18/20fb87d719344dbb810bcff0297db73e/authorize","gateway":"sandbox","key":"18/20fb87d719344dbb810bcff0297db73e/refund","nth":1,"reference":"pay_806ec4610615d300eb5cd854","type":"refund"},"number":"N19","order":{"cancelled":"too late","fulfilment":"cancelled","id":"18","number":"N19","paid_by":"18/20fb87d719344dbb810bcff0297db73e","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"cancelled","total":[2490,"EUR"]},"quote":"91318da4d684c1a8cb82d16612f5141f183a0878cb4bd85863db737b6b4aa554","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":4}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('23','N24','21',NULL,5,'placed',1,'2026-06-01T12:00:25.000000+00:00','2026-06-01T12:30:00.000000+00:00','cea7ac7153ce47524cacf40a981002ec53eb5594a0d3b8e9ec5bf9113f5db741','{"abandoned":"","attempts":[{"action":null,"amount":[5990,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":false,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_declined","type":"card"},"key":"23/08e171844b7e219d6bcc9ed2878e98e3","reason":"declined","received":null,"reference":"","state":"declined","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":["declined","declined"]},{"action":null,"amount":[5990,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":false,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"23/3f655320a12830cb84368ff78d609d1a","reason":"","received":[5990,"EUR"],"reference":"pay_ad3b0b723b8b996beee5e4d4","state":"authorized","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"21","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/21"},{"amount":4,"limit":null,"pool":"stock/MUG/main"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":"2026-06-01T12:00:25.000000+00:00","events":5,"held":[{"amount":1,"limit":1,"pool":"cart/21"},{"amount":4,"limit":null,"pool":"stock/MUG/main"}],"hold_early":false,"id":"23","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":4,"sku":"MUG"}],"next":{"amount":[5990,"EUR"],"attempt":"23/3f655320a12830cb84368ff78d609d1a","authorization":"23/3f655320a12830cb84368ff78d609d1a/authorize","gateway":"sandbox","key":"23/3f655320a12830cb84368ff78d609d1a/capture","nth":1,"reference":"pay_ad3b0b723b8b996beee5e4d4","type":"capture"},"number":"N24","order":{"cancelled":"","fulfilment":"unfulfilled","id":"23","number":"N24","paid_by":"23/3f655320a12830cb84368ff78d609d1a","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"placed","total":[5990,"EUR"]},"quote":"cea7ac7153ce47524cacf40a981002ec53eb5594a0d3b8e9ec5bf9113f5db741","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":5}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('28','N29','26',NULL,4,'abandoned',0,NULL,'2026-06-01T12:15:00.000000+00:00','60cccd1fa8cb172516a41017860041a1f4f13a08d7444b3a74f011d594d4b744','{"abandoned":"cancelled","attempts":[{"action":null,"amount":[7240,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_stolen","type":"card"},"key":"28/47334903adccc472993a95a84992451d","reason":"stolen-card","received":null,"reference":"","state":"declined","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":["declined","stolen-card"]}],"because":"no card","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"26","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/26"},{"amount":5,"limit":null,"pool":"stock/MUG/main"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":4,"held":[],"hold_early":false,"id":"28","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":5,"sku":"MUG"}],"next":{"type":"done"},"number":"N29","order":null,"quote":"60cccd1fa8cb172516a41017860041a1f4f13a08d7444b3a74f011d594d4b744","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":4}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('33','N34','31',NULL,3,'open',0,'2026-06-01T12:00:04.000000+00:00','2026-06-01T12:30:00.000000+00:00','f58bc3668e2141bfb966fa8a274edca47882f26ab198eed65aa30052788676c9','{"abandoned":"","attempts":[{"action":{"type":"challenge","url":"https://sandbox.invalid/3ds/pay_da9a55b89143400af8a60977"},"amount":[4740,"EUR"],"ask_at":"2026-06-01T12:00:04.000000+00:00","asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_3ds_abandoned","type":"card"},"key":"33/aff36d44eb84f514541842c00d9963a9","reason":"","received":null,"reference":"pay_da9a55b89143400af8a60977","state":"action","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":"2026-06-01T12:10:00.000000+00:00","unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"31","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/31"},{"amount":3,"limit":null,"pool":"stock/MUG/main"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":"2026-06-01T12:00:04.000000+00:00","events":3,"held":[{"amount":1,"limit":1,"pool":"cart/31"},{"amount":3,"limit":null,"pool":"stock/MUG/main"}],"hold_early":false,"id":"33","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":3,"sku":"MUG"}],"next":{"type":"wait","until":"2026-06-01T12:00:04.000000+00:00"},"number":"N34","order":null,"quote":"f58bc3668e2141bfb966fa8a274edca47882f26ab198eed65aa30052788676c9","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('38','N39','36',NULL,1,'open',0,'2026-06-02T12:00:00.000000+00:00','2026-06-02T12:00:00.000000+00:00','5ca2973ce579206c36f063e1b4fa94034f1056bd1ecb4aece283aafeae0f306f','{"abandoned":"","attempts":[],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"36","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/36"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-02T12:00:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":"2026-06-02T12:00:00.000000+00:00","events":1,"held":[{"amount":1,"limit":1,"pool":"cart/36"}],"hold_early":false,"id":"38","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-02T12:00:00.000000+00:00","lines":[{"options":[],"quantity":1,"sku":"GIFT"}],"next":{"type":"wait","until":"2026-06-02T12:00:00.000000+00:00"},"number":"N39","order":null,"quote":"5ca2973ce579206c36f063e1b4fa94034f1056bd1ecb4aece283aafeae0f306f","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":1}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('45','N46','41','ben',3,'placed',0,NULL,'2026-06-01T12:30:00.000000+00:00','91491b5137e1ee44a2edc9811b640a23305dc32347b27431a4d0d4898a1675ca','{"abandoned":"","attempts":[{"action":null,"amount":[5275,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"45/ffb0f6a623ad5b49128f301e88b1a55e","reason":"","received":[5275,"EUR"],"reference":"pay_f4e8da7500ecc83b90a59c89","state":"captured","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"41","cart_version":4,"claims":[{"amount":1,"limit":1,"pool":"cart/41"},{"amount":1,"limit":30,"pool":"coupon/a%2Ftenth"},{"amount":1,"limit":3,"pool":"coupon/fiver"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/05d9895b61e894f41fc4b0d067fe6df7"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":9,"pool":"coupon-by/fiver/05d9895b61e894f41fc4b0d067fe6df7"},{"amount":1,"limit":9,"pool":"coupon-by/fiver/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":null,"pool":"stock/BOOK/main"},{"amount":3,"limit":null,"pool":"stock/MUG/main"}],"codes":["TENTH","POSTED","FIVER"],"currency":"EUR","customer":"ben","deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":4,"held":[{"amount":1,"limit":1,"pool":"cart/41"},{"amount":1,"limit":30,"pool":"coupon/a%2Ftenth"},{"amount":1,"limit":3,"pool":"coupon/fiver"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/05d9895b61e894f41fc4b0d067fe6df7"},{"amount":1,"limit":9,"pool":"coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":9,"pool":"coupon-by/fiver/05d9895b61e894f41fc4b0d067fe6df7"},{"amount":1,"limit":9,"pool":"coupon-by/fiver/113a40c65d169d6dbcc6c0352ddbd698"},{"amount":1,"limit":null,"pool":"stock/BOOK/main"},{"amount":3,"limit":null,"pool":"stock/MUG/main"}],"hold_early":false,"id":"45","identities":["05d9895b61e894f41fc4b0d067fe6df7","113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":3,"sku":"MUG"},{"options":[],"quantity":1,"sku":"BOOK"},{"options":[],"quantity":2,"sku":"PDF"}],"next":{"type":"done"},"number":"N46","order":{"cancelled":"","fulfilment":"unfulfilled","id":"45","number":"N46","paid_by":"45/ffb0f6a623ad5b49128f301e88b1a55e","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"placed","total":[5275,"EUR"]},"quote":"91491b5137e1ee44a2edc9811b640a23305dc32347b27431a4d0d4898a1675ca","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":"standard","v":2,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('50','N51','48',NULL,2,'placed',0,NULL,'2026-06-01T12:30:00.000000+00:00','4e46989d757a4d88a5e8cb80324953e07df2ceaf06cc250968186e2d2c54318c','{"abandoned":"","attempts":[{"action":null,"amount":[0,"EUR"],"ask_at":null,"asked":0,"calls":0,"capture":true,"doubt":false,"final_at":null,"gateway":"","instrument":{"type":"zero"},"key":"50/d2b744f2f92506064009941c10870026","reason":"","received":[0,"EUR"],"reference":"","state":"captured","stop_asked":false,"stuck":"","terms":{"call_timeout":30,"resend":true,"settle_window":900,"tombstone":true},"until":null,"unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"48","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/48"}],"codes":["GRATIS"],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":4,"held":[{"amount":1,"limit":1,"pool":"cart/48"}],"hold_early":false,"id":"50","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":1,"sku":"PDF"}],"next":{"type":"done"},"number":"N51","order":{"cancelled":"","fulfilment":"unfulfilled","id":"50","number":"N51","paid_by":"50/d2b744f2f92506064009941c10870026","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"placed","total":[0,"EUR"]},"quote":"4e46989d757a4d88a5e8cb80324953e07df2ceaf06cc250968186e2d2c54318c","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":null,"v":2,"version":2}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "checkouts" VALUES('55','N56','53',NULL,3,'placed',0,NULL,'2026-06-01T12:30:00.000000+00:00','76429ca7195266952d03cfe1e09e3e2c4d0ca5e7ee3c107757ea3e7f32603af8','{"abandoned":"","attempts":[{"action":null,"amount":[667,"EUR"],"ask_at":null,"asked":0,"calls":1,"capture":true,"doubt":false,"final_at":"2026-06-01T12:02:25.000000+00:00","gateway":"sandbox","instrument":{"token":"tok_ok","type":"card"},"key":"55/7078085bb6ac2c4201565c54090eced3","reason":"","received":[667,"EUR"],"reference":"pay_059b652ff6cd64ea55a445a8","state":"captured","stop_asked":false,"stuck":"","terms":{"call_timeout":10,"resend":true,"settle_window":120,"tombstone":true},"until":null,"unwanted":"","verdict":null}],"because":"","begun_at":"2026-06-01T12:00:00.000000+00:00","by":"","cart":"53","cart_version":2,"claims":[{"amount":1,"limit":1,"pool":"cart/53"}],"codes":[],"currency":"EUR","customer":null,"deadline":"2026-06-01T12:15:00.000000+00:00","deadlines":{"after_decline":300,"checkout_for":86400,"hold_at_most":1800,"hold_for":900,"quote_for":900},"destination":{"country":"DE","postcode":"10117","region":null},"due_at":null,"events":4,"held":[{"amount":1,"limit":1,"pool":"cart/53"}],"hold_early":false,"id":"55","identities":["113a40c65d169d6dbcc6c0352ddbd698"],"latest":"2026-06-01T12:30:00.000000+00:00","lines":[{"options":[],"quantity":2,"sku":"PDF"}],"next":{"type":"done"},"number":"N56","order":{"cancelled":"","fulfilment":"unfulfilled","id":"55","number":"N56","paid_by":"55/7078085bb6ac2c4201565c54090eced3","placed_at":"2026-06-01T12:00:00.000000+00:00","state":"placed","total":[667,"EUR"]},"quote":"76429ca7195266952d03cfe1e09e3e2c4d0ca5e7ee3c107757ea3e7f32603af8","quote_until":"2026-06-01T12:15:00.000000+00:00","shipping":null,"v":2,"version":3}','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE consumers (
	name VARCHAR(40) NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_consumers PRIMARY KEY (name)
);
INSERT INTO "consumers" VALUES('bell',30);
CREATE TABLE deliveries (
	checkout_id VARCHAR(64) NOT NULL, 
	consumer VARCHAR(40) NOT NULL, 
	seq INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	next_at VARCHAR(32), 
	error VARCHAR(1000) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (checkout_id, consumer, seq), 
	CONSTRAINT ck_deliveries_state CHECK (state IN ('waiting', 'delivered', 'dead')), 
	CONSTRAINT ck_deliveries_tries CHECK (tries >= 0), 
	CONSTRAINT fk_deliveries_checkout_id_seq FOREIGN KEY(checkout_id, seq) REFERENCES events (checkout_id, seq) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "deliveries" VALUES('8','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('8','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('8','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('8','bell',4,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',4,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',5,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',6,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('13','bell',7,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',4,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',5,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('18','bell',6,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('23','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('23','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('23','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('23','bell',4,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('23','bell',5,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('28','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('28','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('28','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('28','bell',4,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('33','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('33','bell',2,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('33','bell',3,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "deliveries" VALUES('38','bell',1,1,'delivered',NULL,'','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE events (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	checkout_id VARCHAR(64) NOT NULL, 
	seq INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	facts TEXT NOT NULL, 
	CONSTRAINT ck_events_seq CHECK (seq >= 1), 
	CONSTRAINT fk_events_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_events_checkout_id_seq UNIQUE (checkout_id, seq)
);
INSERT INTO "events" VALUES(1,'8',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","5"]],"v":1}');
INSERT INTO "events" VALUES(2,'8',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","8/552ca7f251378378f1e80d8e7b9ee282"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(3,'8',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","8/552ca7f251378378f1e80d8e7b9ee282"],["amount",3040],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(4,'8',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N9"],["total",3040],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(5,'13',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","11"]],"v":1}');
INSERT INTO "events" VALUES(6,'13',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","13/18b7301c2952cfe6a64296c5fbd53460"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(7,'13',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","13/18b7301c2952cfe6a64296c5fbd53460"],["amount",4990],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(8,'13',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N14"],["total",4990],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(9,'13',5,'payment.refund_due','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","13/18b7301c2952cfe6a64296c5fbd53460"],["amount",4990],["currency","EUR"],["reason","cancelled"]],"v":1}');
INSERT INTO "events" VALUES(10,'13',6,'order.cancelled','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N14"],["reason","too much"]],"v":1}');
INSERT INTO "events" VALUES(11,'13',7,'payment.refunded','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","13/18b7301c2952cfe6a64296c5fbd53460"],["amount",4990],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(12,'18',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","16"]],"v":1}');
INSERT INTO "events" VALUES(13,'18',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","18/20fb87d719344dbb810bcff0297db73e"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(14,'18',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","18/20fb87d719344dbb810bcff0297db73e"],["amount",2490],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(15,'18',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N19"],["total",2490],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(16,'18',5,'payment.refund_due','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","18/20fb87d719344dbb810bcff0297db73e"],["amount",2490],["currency","EUR"],["reason","cancelled"]],"v":1}');
INSERT INTO "events" VALUES(17,'18',6,'order.cancelled','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N19"],["reason","too late"]],"v":1}');
INSERT INTO "events" VALUES(18,'23',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","21"]],"v":1}');
INSERT INTO "events" VALUES(19,'23',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","23/08e171844b7e219d6bcc9ed2878e98e3"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(20,'23',3,'payment.declined','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","23/08e171844b7e219d6bcc9ed2878e98e3"],["reason","declined"]],"v":1}');
INSERT INTO "events" VALUES(21,'23',4,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","23/3f655320a12830cb84368ff78d609d1a"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(22,'23',5,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N24"],["total",5990],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(23,'28',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","26"]],"v":1}');
INSERT INTO "events" VALUES(24,'28',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","28/47334903adccc472993a95a84992451d"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(25,'28',3,'payment.declined','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","28/47334903adccc472993a95a84992451d"],["reason","stolen-card"]],"v":1}');
INSERT INTO "events" VALUES(26,'28',4,'checkout.abandoned','2026-06-01T12:00:00.000000+00:00','{"facts":[["reason","cancelled"]],"v":1}');
INSERT INTO "events" VALUES(27,'33',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","31"]],"v":1}');
INSERT INTO "events" VALUES(28,'33',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","33/aff36d44eb84f514541842c00d9963a9"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(29,'33',3,'payment.action_needed','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","33/aff36d44eb84f514541842c00d9963a9"]],"v":1}');
INSERT INTO "events" VALUES(30,'38',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","36"]],"v":1}');
INSERT INTO "events" VALUES(31,'45',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","41"]],"v":1}');
INSERT INTO "events" VALUES(32,'45',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","45/ffb0f6a623ad5b49128f301e88b1a55e"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(33,'45',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","45/ffb0f6a623ad5b49128f301e88b1a55e"],["amount",5275],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(34,'45',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N46"],["total",5275],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(35,'50',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","48"]],"v":1}');
INSERT INTO "events" VALUES(36,'50',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","50/d2b744f2f92506064009941c10870026"],["gateway",""],["method","zero"]],"v":1}');
INSERT INTO "events" VALUES(37,'50',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","50/d2b744f2f92506064009941c10870026"],["amount",0],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(38,'50',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N51"],["total",0],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(39,'55',1,'checkout.begun','2026-06-01T12:00:00.000000+00:00','{"facts":[["cart","53"]],"v":1}');
INSERT INTO "events" VALUES(40,'55',2,'payment.started','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","55/7078085bb6ac2c4201565c54090eced3"],["gateway","sandbox"],["method","card"]],"v":1}');
INSERT INTO "events" VALUES(41,'55',3,'payment.received','2026-06-01T12:00:00.000000+00:00','{"facts":[["attempt","55/7078085bb6ac2c4201565c54090eced3"],["amount",667],["currency","EUR"]],"v":1}');
INSERT INTO "events" VALUES(42,'55',4,'order.placed','2026-06-01T12:00:00.000000+00:00','{"facts":[["number","N56"],["total",667],["currency","EUR"]],"v":1}');
CREATE TABLE holds (
	checkout_id VARCHAR(64) NOT NULL, 
	pool VARCHAR(300) NOT NULL, 
	amount BIGINT NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_holds PRIMARY KEY (checkout_id, pool), 
	CONSTRAINT ck_holds_state CHECK (state IN ('held', 'committed', 'released', 'shipped')), 
	CONSTRAINT ck_holds_amount CHECK (amount > 0), 
	CONSTRAINT fk_holds_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_holds_pool FOREIGN KEY(pool) REFERENCES pools (pool) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "holds" VALUES('8','cart/5',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('8','coupon/a%2Ftenth',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('8','coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('8','coupon-by/a%2Ftenth/ec8f68ee05960acfb1179c6b13766c69',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('8','stock/MUG/main',2,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('13','cart/11',1,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('13','stock/BOOK/main',2,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('18','cart/16',1,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('18','stock/BOOK/main',1,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('23','cart/21',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('23','stock/MUG/main',4,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('28','cart/26',1,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('28','stock/MUG/main',5,'released','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('33','cart/31',1,'held','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('33','stock/MUG/main',3,'held','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('38','cart/36',1,'held','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','cart/41',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon/a%2Ftenth',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon/fiver',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon-by/a%2Ftenth/05d9895b61e894f41fc4b0d067fe6df7',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon-by/fiver/05d9895b61e894f41fc4b0d067fe6df7',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','coupon-by/fiver/113a40c65d169d6dbcc6c0352ddbd698',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','stock/BOOK/main',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('45','stock/MUG/main',3,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('50','cart/48',1,'committed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "holds" VALUES('55','cart/53',1,'committed','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE ledger (
	posting VARCHAR(300) NOT NULL, 
	account VARCHAR(40) NOT NULL, 
	amount BIGINT NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	checkout_id VARCHAR(64) NOT NULL, 
	reason VARCHAR(40) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_ledger PRIMARY KEY (posting, account), 
	CONSTRAINT ck_ledger_amount CHECK (amount <> 0), 
	CONSTRAINT fk_ledger_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "ledger" VALUES('8/received/552ca7f251378378f1e80d8e7b9ee282','gateway',3040,'EUR','8','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('8/received/552ca7f251378378f1e80d8e7b9ee282','receivable',-3040,'EUR','8','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('8/placed','receivable',3040,'EUR','8','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('8/placed','sales',-2143,'EUR','8','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('8/placed','shipping',-412,'EUR','8','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('8/placed','tax',-485,'EUR','8','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/received/18b7301c2952cfe6a64296c5fbd53460','gateway',4990,'EUR','13','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/received/18b7301c2952cfe6a64296c5fbd53460','receivable',-4990,'EUR','13','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/placed','receivable',4990,'EUR','13','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/placed','sales',-3738,'EUR','13','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/placed','shipping',-832,'EUR','13','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/placed','tax',-420,'EUR','13','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/cancelled','receivable',-4990,'EUR','13','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/cancelled','sales',3738,'EUR','13','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/cancelled','shipping',832,'EUR','13','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/cancelled','tax',420,'EUR','13','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/refunded/18b7301c2952cfe6a64296c5fbd53460','gateway',-4990,'EUR','13','refunded','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('13/refunded/18b7301c2952cfe6a64296c5fbd53460','receivable',4990,'EUR','13','refunded','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/received/20fb87d719344dbb810bcff0297db73e','gateway',2490,'EUR','18','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/received/20fb87d719344dbb810bcff0297db73e','receivable',-2490,'EUR','18','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/placed','receivable',2490,'EUR','18','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/placed','sales',-1869,'EUR','18','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/placed','shipping',-412,'EUR','18','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/placed','tax',-209,'EUR','18','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/cancelled','receivable',-2490,'EUR','18','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/cancelled','sales',1869,'EUR','18','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/cancelled','shipping',412,'EUR','18','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('18/cancelled','tax',209,'EUR','18','cancelled','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('23/placed','receivable',5990,'EUR','23','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('23/placed','sales',-4202,'EUR','23','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('23/placed','shipping',-832,'EUR','23','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('23/placed','tax',-956,'EUR','23','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('45/received/ffb0f6a623ad5b49128f301e88b1a55e','gateway',5275,'EUR','45','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('45/received/ffb0f6a623ad5b49128f301e88b1a55e','receivable',-5275,'EUR','45','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('45/placed','receivable',5275,'EUR','45','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('45/placed','sales',-4602,'EUR','45','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('45/placed','tax',-673,'EUR','45','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('55/received/7078085bb6ac2c4201565c54090eced3','gateway',667,'EUR','55','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('55/received/7078085bb6ac2c4201565c54090eced3','receivable',-667,'EUR','55','received','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('55/placed','receivable',667,'EUR','55','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('55/placed','sales',-561,'EUR','55','placed','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "ledger" VALUES('55/placed','tax',-106,'EUR','55','placed','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE movements (
	id INTEGER NOT NULL, 
	pool VARCHAR(300) NOT NULL, 
	delta BIGINT NOT NULL, 
	reason VARCHAR(200) NOT NULL, 
	actor VARCHAR(200) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_movements PRIMARY KEY (id), 
	CONSTRAINT ck_movements_delta CHECK (delta <> 0), 
	CONSTRAINT fk_movements_pool FOREIGN KEY(pool) REFERENCES pools (pool) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "movements" VALUES(1,'stock/MUG/main',20,'opening stock','test','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "movements" VALUES(2,'stock/BOOK/main',20,'opening stock','test','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "movements" VALUES(3,'stock/GIFT/main',20,'opening stock','test','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE order_lines (
	order_id VARCHAR(64) NOT NULL, 
	line INTEGER NOT NULL, 
	sku VARCHAR(100) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	quantity INTEGER NOT NULL, 
	unit BIGINT NOT NULL, 
	discount BIGINT NOT NULL, 
	net BIGINT NOT NULL, 
	tax BIGINT NOT NULL, 
	gross BIGINT NOT NULL, 
	tracked BOOLEAN NOT NULL, 
	CONSTRAINT pk_order_lines PRIMARY KEY (order_id, line), 
	CONSTRAINT ck_order_lines_discount CHECK (discount >= 0), 
	CONSTRAINT ck_order_lines_gross CHECK (net + tax = gross), 
	CONSTRAINT ck_order_lines_net CHECK (net >= 0), 
	CONSTRAINT ck_order_lines_quantity CHECK (quantity > 0), 
	CONSTRAINT ck_order_lines_tax CHECK (tax >= 0), 
	CONSTRAINT fk_order_lines_order_id FOREIGN KEY(order_id) REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "order_lines" VALUES('8',1,'MUG','Mug',2,1250,250,1891,359,2250,1);
INSERT INTO "order_lines" VALUES('8',2,'PDF','Download',1,500,200,252,48,300,0);
INSERT INTO "order_lines" VALUES('8',0,'','Standard',1,490,0,412,78,490,0);
INSERT INTO "order_lines" VALUES('13',1,'BOOK','Book',2,2000,0,3738,262,4000,1);
INSERT INTO "order_lines" VALUES('13',0,'','Standard',1,990,0,832,158,990,0);
INSERT INTO "order_lines" VALUES('18',1,'BOOK','Book',1,2000,0,1869,131,2000,1);
INSERT INTO "order_lines" VALUES('18',0,'','Standard',1,490,0,412,78,490,0);
INSERT INTO "order_lines" VALUES('23',1,'MUG','Mug',4,1250,0,4202,798,5000,1);
INSERT INTO "order_lines" VALUES('23',0,'','Standard',1,990,0,832,158,990,0);
INSERT INTO "order_lines" VALUES('45',1,'MUG','Mug',3,1250,875,2416,459,2875,1);
INSERT INTO "order_lines" VALUES('45',2,'BOOK','Book',1,2000,200,1682,118,1800,1);
INSERT INTO "order_lines" VALUES('45',3,'PDF','Download',2,500,400,504,96,600,0);
INSERT INTO "order_lines" VALUES('45',0,'','Standard',1,990,990,0,0,0,0);
INSERT INTO "order_lines" VALUES('50',1,'PDF','Download',1,500,500,0,0,0,0);
INSERT INTO "order_lines" VALUES('55',1,'PDF','Download',2,500,333,561,106,667,0);
CREATE TABLE orders (
	id VARCHAR(64) NOT NULL, 
	number VARCHAR(20) NOT NULL, 
	customer_id VARCHAR(200), 
	cart_id VARCHAR(64) NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	total BIGINT NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	payment VARCHAR(12) NOT NULL, 
	fulfilment VARCHAR(12) NOT NULL, 
	paid_by VARCHAR(200) NOT NULL, 
	cancelled VARCHAR(200) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_orders PRIMARY KEY (id), 
	CONSTRAINT ck_orders_fulfilment CHECK (fulfilment IN ('unfulfilled', 'partial', 'fulfilled', 'cancelled')), 
	CONSTRAINT ck_orders_payment CHECK (payment IN ('authorized', 'paid', 'refund due', 'refunded', 'voided')), 
	CONSTRAINT ck_orders_status CHECK (status IN ('placed', 'cancelled', 'completed')), 
	CONSTRAINT ck_orders_total CHECK (total >= 0), 
	CONSTRAINT fk_orders_cart_id FOREIGN KEY(cart_id) REFERENCES carts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_orders_id FOREIGN KEY(id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_orders_number UNIQUE (number)
);
INSERT INTO "orders" VALUES('8','N9','ann','5','EUR',3040,'placed','paid','unfulfilled','8/552ca7f251378378f1e80d8e7b9ee282','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('13','N14',NULL,'11','EUR',4990,'cancelled','refunded','cancelled','13/18b7301c2952cfe6a64296c5fbd53460','too much','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('18','N19',NULL,'16','EUR',2490,'cancelled','refund due','cancelled','18/20fb87d719344dbb810bcff0297db73e','too late','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('23','N24',NULL,'21','EUR',5990,'placed','authorized','unfulfilled','23/3f655320a12830cb84368ff78d609d1a','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('45','N46','ben','41','EUR',5275,'placed','paid','unfulfilled','45/ffb0f6a623ad5b49128f301e88b1a55e','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('50','N51',NULL,'48','EUR',0,'placed','paid','unfulfilled','50/d2b744f2f92506064009941c10870026','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "orders" VALUES('55','N56',NULL,'53','EUR',667,'placed','paid','unfulfilled','55/7078085bb6ac2c4201565c54090eced3','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE payments (
	id VARCHAR(200) NOT NULL, 
	checkout_id VARCHAR(64) NOT NULL, 
	gateway VARCHAR(40) NOT NULL, 
	method VARCHAR(20) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	amount BIGINT NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	received BIGINT, 
	received_currency VARCHAR(3), 
	reference VARCHAR(200) NOT NULL, 
	reason VARCHAR(200) NOT NULL, 
	unwanted VARCHAR(200) NOT NULL, 
	stuck VARCHAR(200) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_payments PRIMARY KEY (id), 
	CONSTRAINT ck_payments_state CHECK (state IN ('intended', 'unknown', 'action', 'processing', 'authorized', 'captured', 'declined', 'voided', 'refunded')), 
	CONSTRAINT ck_payments_amount CHECK (amount >= 0), 
	CONSTRAINT fk_payments_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "payments" VALUES('8/552ca7f251378378f1e80d8e7b9ee282','8','sandbox','card','captured',3040,'EUR',3040,'EUR','pay_e85e6c3b27b0a87d79b77fe7','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('13/18b7301c2952cfe6a64296c5fbd53460','13','sandbox','card','refunded',4990,'EUR',4990,'EUR','pay_179771156b23462b76c56fa0','','cancelled','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('18/20fb87d719344dbb810bcff0297db73e','18','sandbox','card','captured',2490,'EUR',2490,'EUR','pay_806ec4610615d300eb5cd854','','cancelled','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('23/08e171844b7e219d6bcc9ed2878e98e3','23','sandbox','card','declined',5990,'EUR',NULL,NULL,'','declined','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('23/3f655320a12830cb84368ff78d609d1a','23','sandbox','card','authorized',5990,'EUR',5990,'EUR','pay_ad3b0b723b8b996beee5e4d4','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('28/47334903adccc472993a95a84992451d','28','sandbox','card','declined',7240,'EUR',NULL,NULL,'','stolen-card','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('33/aff36d44eb84f514541842c00d9963a9','33','sandbox','card','action',4740,'EUR',NULL,NULL,'pay_da9a55b89143400af8a60977','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('45/ffb0f6a623ad5b49128f301e88b1a55e','45','sandbox','card','captured',5275,'EUR',5275,'EUR','pay_f4e8da7500ecc83b90a59c89','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('50/d2b744f2f92506064009941c10870026','50','','zero','captured',0,'EUR',0,'EUR','','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "payments" VALUES('55/7078085bb6ac2c4201565c54090eced3','55','sandbox','card','captured',667,'EUR',667,'EUR','pay_059b652ff6cd64ea55a445a8','','','','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE persons (
	checkout_id VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_persons PRIMARY KEY (checkout_id), 
	CONSTRAINT fk_persons_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "persons" VALUES('8','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"8","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('13','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"13","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('18','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"18","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('23','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"23","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('28','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"28","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('33','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"33","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('38','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"38","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('45','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"45","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('50','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"50","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
INSERT INTO "persons" VALUES('55','{"address":{"city":"Berlin","country":"DE","lines":["Unter den Linden 1"],"name":"Ada Lovelace","postcode":"10117","region":null},"checkout":"55","contact":{"email":"ada@example.com","locale":"en","phone":null},"v":1}');
CREATE TABLE pools (
	pool VARCHAR(300) NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	sku VARCHAR(100), 
	location VARCHAR(100), 
	on_hand BIGINT NOT NULL, 
	held BIGINT NOT NULL, 
	committed BIGINT NOT NULL, 
	backorder BIGINT NOT NULL, 
	shortfall BIGINT NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_pools PRIMARY KEY (pool), 
	CONSTRAINT ck_pools_stock CHECK ((kind = 'stock') = (sku IS NOT NULL AND location IS NOT NULL)), 
	CONSTRAINT ck_pools_backorder CHECK (backorder >= 0), 
	CONSTRAINT ck_pools_committed CHECK (committed >= 0), 
	CONSTRAINT ck_pools_promised CHECK (held + committed <= on_hand + backorder + shortfall), 
	CONSTRAINT ck_pools_held CHECK (held >= 0), 
	CONSTRAINT ck_pools_on_hand CHECK (on_hand >= 0), 
	CONSTRAINT ck_pools_shortfall CHECK (shortfall >= 0)
);
INSERT INTO "pools" VALUES('stock/MUG/main','stock','MUG','main',20,3,9,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('stock/BOOK/main','stock','BOOK','main',20,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('stock/GIFT/main','stock','GIFT','main',20,0,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/5','cart',NULL,NULL,1,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon/a%2Ftenth','coupon',NULL,NULL,30,0,2,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon-by/a%2Ftenth/113a40c65d169d6dbcc6c0352ddbd698','coupon-by',NULL,NULL,9,0,2,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon-by/a%2Ftenth/ec8f68ee05960acfb1179c6b13766c69','coupon-by',NULL,NULL,9,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/11','cart',NULL,NULL,1,0,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/16','cart',NULL,NULL,1,0,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/21','cart',NULL,NULL,1,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/26','cart',NULL,NULL,1,0,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/31','cart',NULL,NULL,1,1,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/36','cart',NULL,NULL,1,1,0,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/41','cart',NULL,NULL,1,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon/fiver','coupon',NULL,NULL,3,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon-by/a%2Ftenth/05d9895b61e894f41fc4b0d067fe6df7','coupon-by',NULL,NULL,9,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon-by/fiver/05d9895b61e894f41fc4b0d067fe6df7','coupon-by',NULL,NULL,9,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('coupon-by/fiver/113a40c65d169d6dbcc6c0352ddbd698','coupon-by',NULL,NULL,9,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/48','cart',NULL,NULL,1,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "pools" VALUES('cart/53','cart',NULL,NULL,1,0,1,0,0,'2026-06-01T12:00:00.000000+00:00');
CREATE TABLE quotes (
	hash VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_quotes PRIMARY KEY (hash)
);
INSERT INTO "quotes" VALUES('79e76c2bc4657a7161b739cd46a36ba81c9d96e0a4be5b9b7649ce63f53d0bbd','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"79e76c2bc4657a7161b739cd46a36ba81c9d96e0a4be5b9b7649ce63f53d0bbd","lines":[{"discount":250,"gross":2250,"id":"MUG","name":"Mug","net":1891,"options":[],"quantity":2,"sku":"MUG","subtotal":2500,"tax":359,"tax_category":"standard","taxes":[["VAT19",359]],"tracked":true,"unit":1250},{"discount":200,"gross":300,"id":"PDF","name":"Download","net":252,"options":[],"quantity":1,"sku":"PDF","subtotal":500,"tax":48,"tax_category":"standard","taxes":[["VAT19",48]],"tracked":false,"unit":500}],"near_misses":[],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[{"code":null,"id":"sale","kind":"percent","limit":null,"name":"A third off downloads","per_person":null,"percent":"100/3","shares":[0,167],"shipping":0,"unused":0,"weights":[0,500]},{"code":"TENTH","id":"a/tenth","kind":"percent","limit":30,"name":"A tenth off","per_person":9,"percent":"10","shares":[250,33],"shipping":0,"unused":0,"weights":[2500,333]}],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":490,"id":"standard","name":"Standard","net":412,"subtotal":490,"tax":78,"tax_category":"standard","taxes":[["VAT19",78]]},"totals":{"discount":450,"net":2555,"shipping":490,"subtotal":3000,"tax":485,"tax_added":0,"tax_by_code":[["VAT19",485]],"total":3040},"v":1}');
INSERT INTO "quotes" VALUES('476a25b1c0659c772468f28e6c9b1e3e5966a7e524993051887c70f871cc1aea','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"476a25b1c0659c772468f28e6c9b1e3e5966a7e524993051887c70f871cc1aea","lines":[{"discount":0,"gross":4000,"id":"BOOK","name":"Book","net":3738,"options":[],"quantity":2,"sku":"BOOK","subtotal":4000,"tax":262,"tax_category":"books","taxes":[["VAT7",262]],"tracked":true,"unit":2000}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["books",[{"code":"VAT7","compound":false,"included":true,"rate":"0.07"}]],["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":990,"id":"standard","name":"Standard","net":832,"subtotal":990,"tax":158,"tax_category":"standard","taxes":[["VAT19",158]]},"totals":{"discount":0,"net":4570,"shipping":990,"subtotal":4000,"tax":420,"tax_added":0,"tax_by_code":[["VAT19",158],["VAT7",262]],"total":4990},"v":1}');
INSERT INTO "quotes" VALUES('91318da4d684c1a8cb82d16612f5141f183a0878cb4bd85863db737b6b4aa554','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"91318da4d684c1a8cb82d16612f5141f183a0878cb4bd85863db737b6b4aa554","lines":[{"discount":0,"gross":2000,"id":"BOOK","name":"Book","net":1869,"options":[],"quantity":1,"sku":"BOOK","subtotal":2000,"tax":131,"tax_category":"books","taxes":[["VAT7",131]],"tracked":true,"unit":2000}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["books",[{"code":"VAT7","compound":false,"included":true,"rate":"0.07"}]],["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":490,"id":"standard","name":"Standard","net":412,"subtotal":490,"tax":78,"tax_category":"standard","taxes":[["VAT19",78]]},"totals":{"discount":0,"net":2281,"shipping":490,"subtotal":2000,"tax":209,"tax_added":0,"tax_by_code":[["VAT19",78],["VAT7",131]],"total":2490},"v":1}');
INSERT INTO "quotes" VALUES('cea7ac7153ce47524cacf40a981002ec53eb5594a0d3b8e9ec5bf9113f5db741','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"cea7ac7153ce47524cacf40a981002ec53eb5594a0d3b8e9ec5bf9113f5db741","lines":[{"discount":0,"gross":5000,"id":"MUG","name":"Mug","net":4202,"options":[],"quantity":4,"sku":"MUG","subtotal":5000,"tax":798,"tax_category":"standard","taxes":[["VAT19",798]],"tracked":true,"unit":1250}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":990,"id":"standard","name":"Standard","net":832,"subtotal":990,"tax":158,"tax_category":"standard","taxes":[["VAT19",158]]},"totals":{"discount":0,"net":5034,"shipping":990,"subtotal":5000,"tax":956,"tax_added":0,"tax_by_code":[["VAT19",956]],"total":5990},"v":1}');
INSERT INTO "quotes" VALUES('60cccd1fa8cb172516a41017860041a1f4f13a08d7444b3a74f011d594d4b744','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"60cccd1fa8cb172516a41017860041a1f4f13a08d7444b3a74f011d594d4b744","lines":[{"discount":0,"gross":6250,"id":"MUG","name":"Mug","net":5252,"options":[],"quantity":5,"sku":"MUG","subtotal":6250,"tax":998,"tax_category":"standard","taxes":[["VAT19",998]],"tracked":true,"unit":1250}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":990,"id":"standard","name":"Standard","net":832,"subtotal":990,"tax":158,"tax_category":"standard","taxes":[["VAT19",158]]},"totals":{"discount":0,"net":6084,"shipping":990,"subtotal":6250,"tax":1156,"tax_added":0,"tax_by_code":[["VAT19",1156]],"total":7240},"v":1}');
INSERT INTO "quotes" VALUES('f58bc3668e2141bfb966fa8a274edca47882f26ab198eed65aa30052788676c9','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"f58bc3668e2141bfb966fa8a274edca47882f26ab198eed65aa30052788676c9","lines":[{"discount":0,"gross":3750,"id":"MUG","name":"Mug","net":3151,"options":[],"quantity":3,"sku":"MUG","subtotal":3750,"tax":599,"tax_category":"standard","taxes":[["VAT19",599]],"tracked":true,"unit":1250}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":990,"id":"standard","name":"Standard","net":832,"subtotal":990,"tax":158,"tax_category":"standard","taxes":[["VAT19",158]]},"totals":{"discount":0,"net":3983,"shipping":990,"subtotal":3750,"tax":757,"tax_added":0,"tax_by_code":[["VAT19",757]],"total":4740},"v":1}');
INSERT INTO "quotes" VALUES('5ca2973ce579206c36f063e1b4fa94034f1056bd1ecb4aece283aafeae0f306f','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"5ca2973ce579206c36f063e1b4fa94034f1056bd1ecb4aece283aafeae0f306f","lines":[{"discount":0,"gross":0,"id":"GIFT","name":"Sticker","net":0,"options":[],"quantity":1,"sku":"GIFT","subtotal":0,"tax":0,"tax_category":"standard","taxes":[["VAT19",0]],"tracked":true,"unit":0}],"near_misses":[{"available":null,"changes":[],"given":"","hint":"","limit":null,"missing":null,"missing_units":null,"others":[],"reason":"not-these-goods","subject":"sale","total":null,"until":null,"wanted":null}],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":490,"id":"standard","name":"Standard","net":412,"subtotal":490,"tax":78,"tax_category":"standard","taxes":[["VAT19",78]]},"totals":{"discount":0,"net":412,"shipping":490,"subtotal":0,"tax":78,"tax_added":0,"tax_by_code":[["VAT19",78]],"total":490},"v":1}');
INSERT INTO "quotes" VALUES('91491b5137e1ee44a2edc9811b640a23305dc32347b27431a4d0d4898a1675ca','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"91491b5137e1ee44a2edc9811b640a23305dc32347b27431a4d0d4898a1675ca","lines":[{"discount":875,"gross":2875,"id":"MUG","name":"Mug","net":2416,"options":[],"quantity":3,"sku":"MUG","subtotal":3750,"tax":459,"tax_category":"standard","taxes":[["VAT19",459]],"tracked":true,"unit":1250},{"discount":200,"gross":1800,"id":"BOOK","name":"Book","net":1682,"options":[],"quantity":1,"sku":"BOOK","subtotal":2000,"tax":118,"tax_category":"books","taxes":[["VAT7",118]],"tracked":true,"unit":2000},{"discount":400,"gross":600,"id":"PDF","name":"Download","net":504,"options":[],"quantity":2,"sku":"PDF","subtotal":1000,"tax":96,"tax_category":"standard","taxes":[["VAT19",96]],"tracked":false,"unit":500}],"near_misses":[],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[{"code":null,"id":"sale","kind":"percent","limit":null,"name":"A third off downloads","per_person":null,"percent":"100/3","shares":[0,0,333],"shipping":0,"unused":0,"weights":[0,0,1000]},{"code":"TENTH","id":"a/tenth","kind":"percent","limit":30,"name":"A tenth off","per_person":9,"percent":"10","shares":[375,200,67],"shipping":0,"unused":0,"weights":[3750,2000,667]},{"code":"POSTED","id":"posted","kind":"free_shipping","limit":null,"name":"Posted free","per_person":null,"percent":null,"shares":[0,0,0],"shipping":990,"unused":0,"weights":[0,0,0]},{"code":"FIVER","id":"fiver","kind":"fixed","limit":3,"name":"Five off mugs","per_person":9,"percent":null,"shares":[500,0,0],"shipping":0,"unused":0,"weights":[3375,0,0]}],"rates":[["books",[{"code":"VAT7","compound":false,"included":true,"rate":"0.07"}]],["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":990,"gross":0,"id":"standard","name":"Standard","net":0,"subtotal":990,"tax":0,"tax_category":"standard","taxes":[["VAT19",0]]},"totals":{"discount":2465,"net":4602,"shipping":990,"subtotal":6750,"tax":673,"tax_added":0,"tax_by_code":[["VAT19",555],["VAT7",118]],"total":5275},"v":1}');
INSERT INTO "quotes" VALUES('4e46989d757a4d88a5e8cb80324953e07df2ceaf06cc250968186e2d2c54318c','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"4e46989d757a4d88a5e8cb80324953e07df2ceaf06cc250968186e2d2c54318c","lines":[{"discount":500,"gross":0,"id":"PDF","name":"Download","net":0,"options":[],"quantity":1,"sku":"PDF","subtotal":500,"tax":0,"tax_category":"standard","taxes":[["VAT19",0]],"tracked":false,"unit":500}],"near_misses":[],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[{"code":null,"id":"sale","kind":"percent","limit":null,"name":"A third off downloads","per_person":null,"percent":"100/3","shares":[167],"shipping":0,"unused":0,"weights":[500]},{"code":"GRATIS","id":"gratis","kind":"percent","limit":null,"name":"All of it off","per_person":null,"percent":"100","shares":[333],"shipping":0,"unused":0,"weights":[333]}],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":0,"id":"","name":"","net":0,"subtotal":0,"tax":0,"tax_category":"","taxes":[]},"totals":{"discount":500,"net":0,"shipping":0,"subtotal":500,"tax":0,"tax_added":0,"tax_by_code":[["VAT19",0]],"total":0},"v":1}');
INSERT INTO "quotes" VALUES('76429ca7195266952d03cfe1e09e3e2c4d0ca5e7ee3c107757ea3e7f32603af8','{"currency":"EUR","destination":{"country":"DE","postcode":"10117","region":null},"hash":"76429ca7195266952d03cfe1e09e3e2c4d0ca5e7ee3c107757ea3e7f32603af8","lines":[{"discount":333,"gross":667,"id":"PDF","name":"Download","net":561,"options":[],"quantity":2,"sku":"PDF","subtotal":1000,"tax":106,"tax_category":"standard","taxes":[["VAT19",106]],"tracked":false,"unit":500}],"near_misses":[],"policy":{"allocation":"largest_remainder","discount_mode":"half_up","tax":{"components":"separate","increment":1,"level":"line","mode":"half_up","target":"tax"}},"promotions":[{"code":null,"id":"sale","kind":"percent","limit":null,"name":"A third off downloads","per_person":null,"percent":"100/3","shares":[333],"shipping":0,"unused":0,"weights":[1000]}],"rates":[["standard",[{"code":"VAT19","compound":false,"included":true,"rate":"0.19"}]]],"shipping":{"discount":0,"gross":0,"id":"","name":"","net":0,"subtotal":0,"tax":0,"tax_category":"","taxes":[]},"totals":{"discount":333,"net":561,"shipping":0,"subtotal":1000,"tax":106,"tax_added":0,"tax_by_code":[["VAT19",106]],"total":667},"v":1}');
CREATE TABLE refunds (
	id VARCHAR(210) NOT NULL, 
	payment_id VARCHAR(200) NOT NULL, 
	checkout_id VARCHAR(64) NOT NULL, 
	amount BIGINT NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	reason VARCHAR(200) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_refunds PRIMARY KEY (id), 
	CONSTRAINT ck_refunds_state CHECK (state IN ('due', 'done', 'refused')), 
	CONSTRAINT ck_refunds_amount CHECK (amount >= 0), 
	CONSTRAINT fk_refunds_checkout_id FOREIGN KEY(checkout_id) REFERENCES checkouts (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_refunds_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "refunds" VALUES('13/18b7301c2952cfe6a64296c5fbd53460/refund','13/18b7301c2952cfe6a64296c5fbd53460','13',4990,'EUR','done','cancelled','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "refunds" VALUES('18/20fb87d719344dbb810bcff0297db73e/refund','18/20fb87d719344dbb810bcff0297db73e','18',2490,'EUR','due','cancelled','2026-06-01T12:00:00.000000+00:00','2026-06-01T12:00:00.000000+00:00');
CREATE TABLE requests (
	scope VARCHAR(200) NOT NULL, 
	operation VARCHAR(40) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	attempt VARCHAR(200) NOT NULL, 
	answer TEXT, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (scope, operation, "key")
);
INSERT INTO "requests" VALUES('stock:MUG','receive','1','e24692b79882f198d1dc9d3977b09203a6fb27753241aa953301602ae11e8075','',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('stock:BOOK','receive','2','e24692b79882f198d1dc9d3977b09203a6fb27753241aa953301602ae11e8075','',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('stock:GIFT','receive','3','e24692b79882f198d1dc9d3977b09203a6fb27753241aa953301602ae11e8075','',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:ann','open_cart','4','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ann","id":"5","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('5','add','6','77b827c555f8462f97301302b57c270ad3f584bce868e1e0726a94db19e216d6','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ann","id":"5","lines":[{"options":[],"quantity":2,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('5','add','7','f5f555a2f8199f3964c2a4320a046ecddf20242dd043c2aa17db5fa60a530494','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ann","id":"5","lines":[{"options":[],"quantity":2,"sku":"MUG"},{"options":[],"quantity":1,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('8','pay','k1','072f20a291fffe47675a780e85b6159994321a3531f5b46098da4e25ee1ede98','8/552ca7f251378378f1e80d8e7b9ee282',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','10','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"11","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('11','add','12','e7a89483ef3956b2eaa316622941f507b6f4a7b874219b2cac99b8ac91071b8d','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"11","lines":[{"options":[],"quantity":2,"sku":"BOOK"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('13','pay','k1','1f0bf9543f3dd131b93905d99a3234cf2e853f8021bb35c4affcd4ee8a51faf9','13/18b7301c2952cfe6a64296c5fbd53460',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','15','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"16","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('16','add','17','8515a0bcf66329012131872f3abc19a7ddbe4fb6dacef171d3d3859aac1038c1','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"16","lines":[{"options":[],"quantity":1,"sku":"BOOK"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('18','pay','k1','82980118929a03f4a82b62cf6a9313f4e424d201f1009cb4170253c37cfec830','18/20fb87d719344dbb810bcff0297db73e',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','20','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"21","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('21','add','22','775402591f094e23bd875e5a59ff33efdb4f79f8a81efcb2f9686629a7740a19','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"21","lines":[{"options":[],"quantity":4,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('23','pay','k1','184558cdfcef716e37d60726fee5d40a6add1cdd02dc46b4836c1c07c5c17b5b','23/08e171844b7e219d6bcc9ed2878e98e3',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('23','pay','k2','40a5f4377732ccedfbaf2e18d1b764456b64d08f4b65823efb6de0eeb6668629','23/3f655320a12830cb84368ff78d609d1a',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','25','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"26","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('26','add','27','39710f3acfd94f32e84de4060fa3fe5bb71e102f2771acfda92f2463fa4efbcf','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"26","lines":[{"options":[],"quantity":5,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('28','pay','k1','3808ad617b5bdb520abadcb19434a55860bb1a8a967f79ffb68f5de3c3ff0880','28/47334903adccc472993a95a84992451d',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','30','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"31","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('31','add','32','ca5f22be1f66ca1faee52d590a2c9fc1b34c2a7fd62e8db322208434902424cd','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"31","lines":[{"options":[],"quantity":3,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('33','pay','k1','078f77c73d4d6a5a682b73516cfc3810c4b5aca682930bcfc16549d21fbab441','33/aff36d44eb84f514541842c00d9963a9',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','35','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"36","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('36','add','37','200087c43f8003a718e3ffe8fecad2f8033eed2e844f3ac0b915eae11d22211e','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"36","lines":[{"options":[],"quantity":1,"sku":"GIFT"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:ben','open_cart','40','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ben","id":"41","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('41','add','42','ca5f22be1f66ca1faee52d590a2c9fc1b34c2a7fd62e8db322208434902424cd','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ben","id":"41","lines":[{"options":[],"quantity":3,"sku":"MUG"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('41','add','43','8515a0bcf66329012131872f3abc19a7ddbe4fb6dacef171d3d3859aac1038c1','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ben","id":"41","lines":[{"options":[],"quantity":3,"sku":"MUG"},{"options":[],"quantity":1,"sku":"BOOK"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":3}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('41','add','44','fe6b751123274800ca64fd9d5844b4f50434fd4760a6af877c1d778327bec0f5','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":"ben","id":"41","lines":[{"options":[],"quantity":3,"sku":"MUG"},{"options":[],"quantity":1,"sku":"BOOK"},{"options":[],"quantity":2,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":4}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('45','pay','k1','0a5132def2928fe8032b71f03b27d1320cdf17d6677a23205ceee5aaa271ece2','45/ffb0f6a623ad5b49128f301e88b1a55e',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','47','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"48","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('48','add','49','f5f555a2f8199f3964c2a4320a046ecddf20242dd043c2aa17db5fa60a530494','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"48","lines":[{"options":[],"quantity":1,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('50','pay','k1','eac644ffa5c1ebe85bcad1523d3484c07fea63a65713c57b2eba678321c60f41','50/d2b744f2f92506064009941c10870026',NULL,'2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('customer:','open_cart','52','295ee5e3a850de7229af4d9a967dae9073c4c6707e59a127cdfe08be9514473b','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"53","lines":[],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":1}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('53','add','54','fe6b751123274800ca64fd9d5844b4f50434fd4760a6af877c1d778327bec0f5','','{"created_at":"2026-06-01T12:00:00.000000+00:00","currency":"EUR","customer_id":null,"id":"53","lines":[{"options":[],"quantity":2,"sku":"PDF"}],"merge_report":null,"merged_into":null,"ordered":null,"type":"cart","updated_at":"2026-06-01T12:00:00.000000+00:00","v":1,"version":2}','2026-06-01T12:00:00.000000+00:00');
INSERT INTO "requests" VALUES('55','pay','k1','cfdf18e388a38903682fa005ac7af055a06bd98d87b949f69279d487b4c42737','55/7078085bb6ac2c4201565c54090eced3',NULL,'2026-06-01T12:00:00.000000+00:00');
CREATE TABLE settings (
	name VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_settings PRIMARY KEY (name)
);
INSERT INTO "settings" VALUES('shop-name','Mugs');
INSERT INTO "settings" VALUES('shop-sender','shop@example.com');
INSERT INTO "settings" VALUES('shop-locations','[["main", "Main"]]');
INSERT INTO "settings" VALUES('catalog-version','1');
CREATE UNIQUE INDEX uq_carts_customer_id ON carts (customer_id, currency) WHERE customer_id IS NOT NULL AND ordered IS NULL AND merged_into IS NULL;
CREATE INDEX ix_pools_kind ON pools (kind, sku);
CREATE INDEX ix_checkouts_cart_id ON checkouts (cart_id);
CREATE INDEX ix_checkouts_due_at ON checkouts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_movements_pool ON movements (pool);
CREATE INDEX ix_holds_pool ON holds (pool, state);
CREATE INDEX ix_ledger_checkout_id ON ledger (checkout_id);
CREATE INDEX ix_orders_created_at ON orders (created_at);
CREATE INDEX ix_orders_customer_id ON orders (customer_id, created_at);
CREATE UNIQUE INDEX uq_orders_cart_id ON orders (cart_id) WHERE status <> 'cancelled';
CREATE INDEX ix_payments_checkout_id ON payments (checkout_id);
CREATE INDEX ix_payments_stuck ON payments (stuck) WHERE stuck <> '';
CREATE INDEX ix_payments_updated_at ON payments (updated_at);
CREATE UNIQUE INDEX uq_payments_reference ON payments (gateway, reference) WHERE reference <> '';
CREATE INDEX ix_deliveries_state ON deliveries (state, consumer);
CREATE INDEX ix_refunds_checkout_id ON refunds (checkout_id);
CREATE VIEW inventory AS
SELECT sku AS product_id,
       SUM(CASE WHEN on_hand + backorder > held + committed THEN on_hand + backorder - held - committed ELSE 0 END) AS available_stock,
       SUM(held + committed) AS reserved_stock,
       MAX(updated_at) AS updated_at
FROM pools WHERE kind = 'stock' GROUP BY sku;
CREATE VIEW cart_lines AS
SELECT carts.customer_id AS user_id,
       json_extract(line.value, '$.sku') AS product_id,
       json_extract(line.value, '$.quantity') AS quantity,
       carts.updated_at AS updated_at,
       carts.id AS cart_id
FROM carts, json_each(carts.document, '$.lines') AS line
WHERE carts.ordered IS NULL AND carts.merged_into IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',42);
COMMIT;
